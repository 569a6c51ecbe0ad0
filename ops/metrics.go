package ops

import (
	"runtime"
	"time"

	"backstop/perp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// buckets are 50 µs to 1 s, for durations of commits and orders.
var buckets = []float64{5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1}

// metrics are the counters; gauges are read from the model when asked for.
type metrics struct {
	registry *prometheus.Registry
	model    *Model
	orders   *prometheus.CounterVec
	rejects  *prometheus.CounterVec
	trades   *prometheus.CounterVec
	traded   *prometheus.CounterVec
	quotes   *prometheus.CounterVec
	commit   prometheus.Histogram
	ack      prometheus.Histogram
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
	x.rejects = counter("rejects_total", "Refused orders, cancels, replaces and quote requests by reason.", "reason")
	x.trades = counter("trades_total", "Fills.", "market")
	x.traded = counter("traded_base_total", "Base units dealt.", "market")
	x.quotes = counter("quotes_published_total", "Quotes that replaced the one before.", "market")
	x.commit = histogram("store_commit_duration_seconds", "Time of one synced transaction.")
	x.ack = histogram("order_ack_duration_seconds", "From the socket read of an order to its answer being free to leave.")
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "gateway_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	info.Set(1)
	x.registry.MustRegister(info, x, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return x
}

// count counts one event. Labels are markets, types and reasons: all bounded.
func (x *metrics) count(ev perp.Event) {
	switch ev := ev.(type) {
	case perp.OrderAccepted:
		x.orders.WithLabelValues(ev.Order.Symbol, ev.Order.Type.String(), "accepted").Inc()
	case perp.OrderRejected:
		symbol := ev.Order.Symbol
		if x.model.markets[symbol] == nil {
			symbol = "unknown"
		}
		x.orders.WithLabelValues(symbol, ev.Order.Type.String(), "rejected").Inc()
		x.rejects.WithLabelValues(ev.Verdict.Reject.String()).Inc()
	case perp.CancelRejected:
		x.rejects.WithLabelValues(ev.Verdict.Reject.String()).Inc()
	case perp.QuoteRefused:
		x.rejects.WithLabelValues(ev.Verdict.Reject.String()).Inc()
	case perp.Filled:
		x.trades.WithLabelValues(ev.Order.Symbol).Inc()
		x.traded.WithLabelValues(ev.Order.Symbol).Add(float64(ev.Size) / float64(perp.SizeOne))
	case perp.QuoteChanged:
		x.quotes.WithLabelValues(ev.Quote.Symbol).Inc()
	}
}

// answered measures an order from its socket read to the end of its commit.
func (x *metrics) answered(e perp.Entry, now time.Time) {
	if o, ok := e.Command.(perp.PlaceOrder); ok && o.Arrival > 0 {
		x.ack.Observe(max(0, float64(now.UnixNano()-int64(o.Arrival))/1e9))
	}
}

// The gauges, made when somebody asks.
var (
	oraclePrice   = gauge("oracle_price", "Outside price that the quote stands on.", "market")
	oracleConf    = gauge("oracle_confidence", "Half width of what the sources say.", "market")
	oracleAge     = gauge("oracle_age_seconds", "Age of the outside price at its source.", "market")
	quotePrice    = gauge("quote_price", "Best price of a side.", "market", "side")
	quoteSize     = gauge("quote_size", "Size at the best price of a side.", "market", "side")
	quoteSpread   = gauge("quote_spread_ratio", "Full spread over the oracle price.", "market")
	quotePart     = gauge("quote_component_ratio", "Part of the best price over the oracle price.", "market", "side", "component")
	quoteState    = gauge("quote_state", "1 for the state that the quote is in.", "market", "state")
	marketHalted  = gauge("market_halted", "1 while a market takes no orders.", "market")
	leverage      = gauge("vamm_leverage_ratio", "Value of the maker's inventory over its equity.", "market")
	imbalance     = gauge("vamm_imbalance_base", "The maker's net position.", "market")
	equity        = gauge("vamm_equity_quote", "The maker's equity if every client closed now.", "market")
	imbalanceSum  = gauge("ledger_imbalance", "Sum of all balances; anything but 0 is a defect.")
	sessionUp     = gauge("fix_session_up", "1 while the session is logged on.", "session")
	sessionSender = gauge("fix_session_next_sender_seq", "Next outbound number.", "session")
	sessionTarget = gauge("fix_session_next_target_seq", "Next expected inbound number.", "session")
	sessionQueue  = gauge("fix_session_queue_bytes", "Bytes that wait to leave.", "session")
)

var gauges []*prometheus.Desc

func gauge(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("gateway_"+name, help, labels, nil)
	gauges = append(gauges, d)
	return d
}

// Describe names the gauges.
func (x *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range gauges {
		out <- d
	}
}

// Collect reads the gauges from the model.
func (x *metrics) Collect(out chan<- prometheus.Metric) {
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	now := perp.Time(time.Now().UnixNano())
	m := x.model
	m.mu.RLock()
	defer m.mu.RUnlock()
	set(imbalanceSum, float64(m.sum)/float64(perp.MoneyOne))
	for symbol, k := range m.markets {
		k.collect(symbol, now, set)
	}
	if m.sessions != nil {
		for _, s := range m.sessions() {
			set(sessionUp, flag(s.Up), s.CompID)
			set(sessionSender, float64(s.OutSeq), s.CompID)
			set(sessionTarget, float64(s.InSeq), s.CompID)
			set(sessionQueue, float64(s.Queue), s.CompID)
		}
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (k *market) collect(symbol string, now perp.Time, set func(*prometheus.Desc, float64, ...string)) {
	q := k.quote
	set(marketHalted, flag(k.state == perp.Halted), symbol)
	for _, s := range []string{"two_sided", "bid_only", "ask_only", "withdrawn"} {
		set(quoteState, flag(quoteStateOf(q) == s), symbol, s)
	}
	if q.Version == 0 || q.Oracle <= 0 {
		return
	}
	set(oraclePrice, number(q.Oracle), symbol)
	set(oracleConf, number(q.Confidence), symbol)
	set(oracleAge, float64(now-q.OracleTime)/float64(perp.Second), symbol)
	set(leverage, float64(q.Leverage)/float64(perp.RatioOne), symbol)
	set(imbalance, float64(q.Inventory)/float64(perp.SizeOne), symbol)
	set(equity, float64(q.Equity)/float64(perp.MoneyOne), symbol)
	bid, hasBid := q.Best(perp.Sell)
	ask, hasAsk := q.Best(perp.Buy)
	side := func(name string, l perp.Level, has bool, parts []perp.Component) {
		if !has {
			return
		}
		set(quotePrice, number(l.Price), symbol, name)
		set(quoteSize, float64(l.Size)/float64(perp.SizeOne), symbol, name)
		for _, c := range parts {
			set(quotePart, float64(c.Amount)/float64(q.Oracle), symbol, name, c.Name)
		}
	}
	side("bid", bid, hasBid, q.BidParts)
	side("ask", ask, hasAsk, q.AskParts)
	if hasBid && hasAsk {
		set(quoteSpread, float64(ask.Price-bid.Price)/float64(q.Oracle), symbol)
	}
}

// quoteStateOf says which sides are offered.
func quoteStateOf(q perp.Quote) string {
	switch {
	case len(q.Bids) > 0 && len(q.Asks) > 0:
		return "two_sided"
	case len(q.Bids) > 0:
		return "bid_only"
	case len(q.Asks) > 0:
		return "ask_only"
	}
	return "withdrawn"
}
