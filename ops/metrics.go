package ops

import (
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"backstop/perp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// buckets are 50 µs to 1 s, for durations of commits and orders.
var buckets = []float64{5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1}

// unlisted is the market label of a request that names none of ours, so that
// clients cannot make labels up.
const unlisted = "unknown"

// metrics are the counters; gauges are read from the model when asked for.
type metrics struct {
	registry *prometheus.Registry
	model    *Model
	orders   *prometheus.CounterVec
	rejects  *prometheus.CounterVec
	trades   *prometheus.CounterVec
	traded   *prometheus.CounterVec
	busted   *prometheus.CounterVec
	quotes   *prometheus.CounterVec
	commit   prometheus.Histogram
	ack      prometheus.Histogram
	looks    *prometheus.CounterVec
	blocked  *prometheus.CounterVec
	hold     prometheus.Histogram
	refused  *prometheus.CounterVec
	laidOff  *prometheus.CounterVec
	pulled   *prometheus.CounterVec
}

func newMetrics(m *Model, version string) *metrics {
	x := &metrics{registry: prometheus.NewRegistry(), model: m}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gateway_" + name, Help: help}, labels)
		x.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "gateway_" + name, Help: help, Buckets: buckets})
		x.registry.MustRegister(h)
		return h
	}
	x.orders = counter("orders_total", "New orders by how they were answered.", "market", "type", "result")
	x.rejects = counter("rejects_total", "Refused orders, cancels, replaces, quote requests and quotes of providers by reason.", "reason")
	x.trades = counter("trades_total", "Fills.", "market")
	x.busted = counter("busts_total", "Fills that were taken back; they stay in the counts of fills.", "market")
	x.traded = counter("traded_base_total", "Base units dealt.", "market")
	x.quotes = counter("quotes_published_total", "Quotes that replaced the one before.", "market")
	x.commit = histogram("store_commit_duration_seconds", "Time of one synced transaction.")
	x.refused = counter("oracle_ticks_refused_total", "Ticks of the oracle that were not taken at their word.", "market", "quality")
	x.looks = counter("last_looks_total", "Held orders by how they were decided.", "market", "outcome")
	x.blocked = counter("latency_arb_blocked_total", "Orders refused because they would have dealt on an old price.", "rule")
	for _, r := range blockers { // A rule that never applied shows as 0.
		x.blocked.WithLabelValues(rule(r))
	}
	x.laidOff = counter("laid_off_base_total", "Base units that the maker laid off to liquidity providers.", "market")
	x.pulled = counter("provided_pulled_total", "Times that the quotes of a liquidity provider were taken away, by reason.", "market", "reason")
	x.hold = histogram("last_look_hold_duration_seconds", "From the socket read of a held order to its decision.")
	x.ack = histogram("order_ack_duration_seconds", "From the socket read of an order to its answer being free to leave.")
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "gateway_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "commit": revision(), "go": runtime.Version()},
	})
	info.Set(1)
	x.registry.MustRegister(info, x, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return x
}

// revision is the commit that the binary was built from, if the build says so.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}

// count counts one event. Labels are listed markets, order types and reasons:
// all bounded.
func (x *metrics) count(ev perp.Event) {
	switch ev := ev.(type) {
	case perp.OrderAccepted:
		x.orders.WithLabelValues(x.market(ev.Order.Symbol), ev.Order.Type.String(), "accepted").Inc()
	case perp.OrderRejected:
		x.orders.WithLabelValues(x.market(ev.Order.Symbol), ev.Order.Type.String(), "rejected").Inc()
		x.rejects.WithLabelValues(ev.Verdict.Reject.String()).Inc()
		if slices.Contains(blockers, ev.Verdict.Reject) {
			x.blocked.WithLabelValues(rule(ev.Verdict.Reject)).Inc()
		}
	case perp.TickRefused:
		x.refused.WithLabelValues(x.market(ev.Symbol), ev.Quality).Inc()
	case perp.LastLook:
		x.looks.WithLabelValues(x.market(ev.Symbol), ev.Outcome.String()).Inc()
		x.hold.Observe(seconds(ev.Hold()))
	case perp.CancelRejected:
		x.rejects.WithLabelValues(ev.Verdict.Reject.String()).Inc()
	case perp.QuoteRefused:
		x.rejects.WithLabelValues(ev.Verdict.Reject.String()).Inc()
	case perp.Filled:
		x.trades.WithLabelValues(x.market(ev.Order.Symbol)).Inc()
		x.traded.WithLabelValues(x.market(ev.Order.Symbol)).Add(base(ev.Size))
	case perp.TradeBusted:
		x.busted.WithLabelValues(x.market(ev.Order.Symbol)).Inc()
	case perp.LaidOff:
		x.laidOff.WithLabelValues(x.market(ev.Symbol)).Add(base(perp.Abs(ev.Size)))
	case perp.QuotesProvided:
		if !ev.Verdict.OK() {
			x.rejects.WithLabelValues(ev.Verdict.Reject.String()).Inc()
		}
	case perp.QuotesPulled:
		x.pulled.WithLabelValues(x.market(ev.Symbol), ev.Why.Reject.String()).Inc()
	case perp.QuoteChanged:
		x.quotes.WithLabelValues(x.market(ev.Quote.Symbol)).Inc()
	}
}

func (x *metrics) market(symbol string) string {
	if x.model.markets[symbol] == nil {
		return unlisted
	}
	return symbol
}

// answered measures an order from its socket read to the end of its commit. A
// repeated order is not measured: its first sending was.
func (x *metrics) answered(c perp.Command, now time.Time) {
	if o, ok := c.(perp.PlaceOrder); ok && o.Arrival > 0 && !o.PossDup && !o.PossResend {
		x.ack.Observe(max(0, now.Sub(time.Unix(0, int64(o.Arrival))).Seconds()))
	}
}

// Metrics are floats by nature; these are the only places that make them.

func money(m perp.Money) float64  { return float64(m) / float64(perp.MoneyOne) }
func number(p perp.Price) float64 { return float64(p) / float64(perp.PriceOne) }
func base(s perp.Size) float64    { return float64(s) / float64(perp.SizeOne) }
func ratio(r perp.Ratio) float64  { return float64(r) / float64(perp.RatioOne) }
func seconds(t perp.Time) float64 { return float64(t) / float64(perp.Second) }
func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
