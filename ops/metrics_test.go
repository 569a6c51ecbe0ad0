package ops

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"backstop/perp"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// busy is a world in which every metric has a value.
func busy(t *testing.T) *world {
	t.Helper()
	w := newWorld("BTC-PERP")
	w.Watch(func() []Session { return []Session{{CompID: "DEMO1", Up: true, InSeq: 7, OutSeq: 9, Queue: 11}} })
	w.Stored(func() Storage {
		return Storage{WAL: 4096, WALAlarm: 8192, Cut: 3, Books: Books{Checked: time.UnixMilli(1_500)}}
	})
	w.deposit("DEMO1", 1_000*perp.MoneyOne)
	w.tick("BTC-PERP", price(60_000), 2*perp.SizeOne)
	w.do(perp.ClockTick{}, perp.Recentred{Symbol: "BTC-PERP", Peg: price(60_000)})
	w.fill("BTC-PERP", "DEMO1", perp.Buy, perp.SizeOne/2, price(60_001))
	w.do(perp.BustTrade{}, perp.TradeBusted{TradeID: "T99", Order: perp.Order{Symbol: "BTC-PERP"}})
	bad := perp.Order{Symbol: "no such market", Side: perp.Buy, Type: perp.Limit}
	w.do(perp.PlaceOrder{}, perp.OrderRejected{Order: bad, Verdict: perp.Verdict{Reject: perp.UnknownSymbol}})
	w.do(perp.PlaceOrder{}, perp.OrderRejected{Order: bad, Verdict: perp.Verdict{Reject: perp.QuoteSuperseded}})
	grade(w, "DEMO1", perp.Class{Tier: perp.TierPriced, Surcharge: 3 * perp.BP})
	look(w, "DEMO1", perp.LookAgainst, 180*perp.Millisecond)
	look(w, "DEMO1", perp.LookImproved, 80*perp.Millisecond)
	markout(w, "DEMO1", "E1", perp.Second, 4*perp.BP)
	markout(w, "DEMO1", "E2", perp.Second, 2*perp.BP)
	w.do(perp.OracleTick{}, perp.TickRefused{Symbol: "BTC-PERP", Quality: "jump", State: perp.WideSpread})
	w.do(perp.ClockTick{}, perp.Hedged{Symbol: "BTC-PERP", Position: -perp.SizeOne})
	w.do(perp.CancelOrder{}, perp.CancelRejected{Verdict: perp.Verdict{Reject: perp.TooLate}})
	w.do(perp.RequestQuote{}, perp.QuoteRefused{Verdict: perp.Verdict{Reject: perp.BadLot}})
	w.do(perp.OracleTick{}, perp.LaidOff{Symbol: "BTC-PERP", Size: -perp.SizeOne / 4}, perp.QuotesPulled{Symbol: "BTC-PERP", Why: perp.Verdict{Reject: perp.MMPFrozen}})
	w.do(perp.ProvideQuotes{}, perp.QuotesProvided{Verdict: perp.Verdict{Reject: perp.QuoteCrossed}})
	w.do(perp.ProvideQuotes{}, perp.QuotesProvided{})
	w.Committed(3 * time.Millisecond)
	return w
}

// families is how many values each metric has.
func families(t *testing.T, w *world) map[string]int {
	t.Helper()
	all, err := w.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]int{}
	for _, f := range all {
		by[f.GetName()] = len(f.GetMetric())
	}
	return by
}

func TestMetricsLint(t *testing.T) {
	w := busy(t)
	url, _ := serve(t, w.Model)
	_, page := get(t, "GET", url+"/metrics")
	problems, err := promlint.New(strings.NewReader(page + "\n")).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

func TestMetricValues(t *testing.T) {
	url, _ := serve(t, busy(t).Model)
	_, page := get(t, "GET", url+"/metrics")
	for _, want := range []string{
		`gateway_oracle_price{market="BTC-PERP"} 60000`,
		`gateway_busts_total{market="BTC-PERP"} 1`,
		`gateway_laid_off_base_total{market="BTC-PERP"} 0.25`,
		`gateway_provided_pulled_total{market="BTC-PERP",reason="MMP_FROZEN"} 1`,
		`gateway_rejects_total{reason="QUOTE_CROSSED"} 1`,
		`gateway_oracle_age_seconds{market="BTC-PERP"} 0.12`,
		`gateway_oracle_max_age_seconds{market="BTC-PERP"} 10`,
		`gateway_oracle_sources_valid{market="BTC-PERP"} 3`,
		`gateway_quote_price{market="BTC-PERP",side="ask"} 60012.5`,
		`gateway_quote_price{market="BTC-PERP",side="bid"} 59988`,
		`gateway_quote_size{market="BTC-PERP",side="bid"} 0.5`,
		`gateway_quote_component_ratio{component="base",market="BTC-PERP",side="bid"} -0.0001`,
		`gateway_quote_state{market="BTC-PERP",state="two_sided"} 1`,
		`gateway_quote_state{market="BTC-PERP",state="withdrawn"} 0`,
		`gateway_market_state{market="BTC-PERP",state="open"} 1`,
		`gateway_market_halted{market="BTC-PERP"} 0`,
		`gateway_vamm_peg{market="BTC-PERP"} 60000`,
		`gateway_vamm_leverage_limit_ratio{market="BTC-PERP"} 3`,
		`gateway_vamm_imbalance_base{market="BTC-PERP"} 2`,
		`gateway_fee_pool_quote{market="BTC-PERP"} 3`,
		`gateway_ledger_imbalance 0`,
		`gateway_store_wal_bytes 4096`,
		`gateway_store_wal_alarm_bytes 8192`,
		`# TYPE gateway_store_reads_cut_total counter`,
		`gateway_store_reads_cut_total 3`,
		`gateway_books_differences 0`,
		`gateway_books_checked_timestamp_seconds 1.5`,
		`gateway_ready 1`,
		`gateway_orders_total{market="BTC-PERP",result="accepted",type="market"} 1`,
		`gateway_orders_total{market="unknown",result="rejected",type="limit"} 2`,
		`gateway_rejects_total{reason="TOO_LATE"} 1`,
		`gateway_rejects_total{reason="BAD_LOT"} 1`,
		`gateway_trades_total{market="BTC-PERP"} 1`,
		`gateway_traded_base_total{market="BTC-PERP"} 0.5`,
		`gateway_fix_session_up{session="DEMO1"} 1`,
		`gateway_client_tier{market="BTC-PERP",session="DEMO1"} 2`,
		`gateway_client_addon_ratio{market="BTC-PERP",session="DEMO1"} 0.0003`,
		`gateway_client_toxicity_ratio{market="BTC-PERP",session="DEMO1"} 3.1`,
		`gateway_client_markout_ratio{horizon="1s",market="BTC-PERP",session="DEMO1"} 0.0003`,
		`gateway_last_looks_total{market="BTC-PERP",outcome="against"} 1`,
		`gateway_oracle_ticks_refused_total{market="BTC-PERP",quality="jump"} 1`,
		`gateway_last_look_hold_duration_seconds_bucket{le="0.1"} 1`,
		`gateway_last_look_hold_duration_seconds_count 2`,
		`gateway_latency_arb_blocked_total{rule="quote_superseded"} 1`,
		`gateway_latency_arb_blocked_total{rule="last_look_price"} 0`,
		`gateway_hedged_base{market="BTC-PERP"} -1`,
		`gateway_market_drawdown{market="BTC-PERP"} 0`,
		`gateway_fix_session_next_target_seq{session="DEMO1"} 7`,
		`gateway_fix_session_outbound_queue_bytes{session="DEMO1"} 11`,
		`gateway_store_commit_duration_seconds_bucket{le="0.005"} 1`,
		`gateway_store_commit_duration_seconds_bucket{le="0.002"} 0`,
		`gateway_order_ack_duration_seconds_count 1`,
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("not served: %s", want)
		}
	}
	if strings.Contains(page, "no such market") {
		t.Error("a client's text became a label")
	}
}

// TestWithdrawnHasNoPrice: a side that is not offered has no price to draw.
func TestWithdrawnHasNoPrice(t *testing.T) {
	w := newWorld("BTC-PERP")
	q := w.quote("BTC-PERP", price(60_000), 0)
	q.Asks, q.AskParts = nil, nil
	w.do(perp.ClockTick{}, perp.QuoteChanged{Quote: q})
	all := families(t, w)
	if n := all["gateway_quote_price"]; n != 1 {
		t.Errorf("%d prices", n)
	}
	if all["gateway_quote_spread_ratio"] != 0 {
		t.Error("a spread of one side")
	}
}

var named = regexp.MustCompile(`gateway_[a-z_]+[a-z]`)

// TestAlertsNameMetrics: every metric in the shipped alerts is served, and every
// alert has its paragraph.
func TestAlertsNameMetrics(t *testing.T) {
	alerts, docs := read(t, "alerts.yml"), read(t, "../docs/operate.md")
	all := families(t, busy(t))
	found := named.FindAllString(alerts, -1)
	if len(found) < 10 {
		t.Fatalf("only %d names found", len(found))
	}
	for _, name := range found {
		if all[name]+all[strings.TrimSuffix(name, "_bucket")] == 0 {
			t.Errorf("alerts.yml names %s, which is not served", name)
		}
	}
	for _, m := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(alerts, -1) {
		if !strings.Contains(docs, "\n### "+m[1]+"\n") {
			t.Errorf("docs/operate.md has no heading %s", m[1])
		}
		if !strings.Contains(alerts, `runbook: "docs/operate.md#`+strings.ToLower(m[1])+`"`) {
			t.Errorf("%s does not lead to its paragraph", m[1])
		}
	}
}

// TestMetricsAreDocumented: the table in docs/operate.md and /metrics agree.
func TestMetricsAreDocumented(t *testing.T) {
	all, told := families(t, busy(t)), map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(gateway_[a-z_]+)").FindAllStringSubmatch(read(t, "../docs/operate.md"), -1) {
		told[row[1]] = true
		if all[row[1]] == 0 {
			t.Errorf("docs/operate.md lists %s, which is not served", row[1])
		}
	}
	for name := range all {
		if strings.HasPrefix(name, "gateway_") && !told[name] {
			t.Errorf("docs/operate.md does not list %s", name)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
