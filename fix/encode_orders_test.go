package fix

import (
	"strings"
	"testing"

	"backstop/perp"
)

// conditionEvents has one event for every form of a message about what an order
// asks for beyond its terms, and about many orders.
func conditionEvents() []named {
	stop := testOrder()
	stop.OrderID = "O-77"
	stop.Type, stop.TIF, stop.QuoteID, stop.Price = perp.StopLimit, perp.GTD, "", price("151")
	stop.Conditions = perp.Conditions{Stop: price("150.5"), Trigger: perp.TriggerMaker, Expires: testTime + 60*perp.Second, MinSize: size("10")}
	fired := stop
	fired.Triggered = true
	post := testOrder()
	post.OrderID = "O-78"
	post.Type, post.TIF, post.QuoteID = perp.Limit, perp.GTD, ""
	post.PostOnly, post.Reduce, post.Expires = true, perp.Reducing, testTime
	over := ended(post, perp.Canceled)
	over.Reason = perp.ExpiredCancel.String()
	closing := filledOrder("40")
	closing.Type, closing.TIF, closing.QuoteID, closing.Price, closing.Reduce = perp.Market, perp.IOC, "", 0, perp.Closing
	look := testLook(perp.LookAgainst)
	look.OrderID = stop.OrderID
	late := perp.Verdict{Reject: perp.TooLate, Detail: "canceled"}
	return []named{
		{"er_stop_new", perp.OrderAccepted{Origin: asked, ExecID: "E-60", Order: stop}},
		{"er_stop_triggered", perp.OrderTriggered{ExecID: "E-61", Order: fired, Price: price("150.51")}},
		{"er_stop_margin", perp.OrderCanceled{ExecID: "E-62", Order: ended(fired, perp.Canceled), Reason: perp.TriggerCancel, Detail: perp.InsufficientMargin.String()}},
		{"", look},
		{"er_stop_refused", perp.OrderCanceled{ExecID: "E-71", Order: ended(fired, perp.Canceled), Reason: perp.RiskCancel, Detail: perp.LastLookPrice.String()}},
		{"er_post_new", perp.OrderAccepted{Origin: asked, ExecID: "E-63", Order: post}},
		{"er_expired", perp.OrderCanceled{ExecID: "E-64", Order: over, Reason: perp.ExpiredCancel}},
		{"er_status_expired", perp.StatusReported{Origin: asked, ExecID: "E-65", Order: over}},
		{"ocr_expired", perp.CancelRejected{Origin: asked, ClOrdID: "C-2", OrigClOrdID: "C-1002", Order: over, Verdict: late}},
		{"er_reduced", perp.OrderCanceled{Origin: asked, ExecID: "E-66", Order: ended(closing, perp.Canceled), Reason: perp.ReduceOnlyCancel, Clipped: size("210")}},
		{"er_mass_cancel", perp.OrderCanceled{ExecID: "E-67", Order: ended(post, perp.Canceled), Reason: perp.MassCancel}},
		{"mass_cancel", perp.OrdersCanceled{Origin: asked, ClOrdID: "MC1", Said: "1", Symbol: "SOL-PERP", Side: perp.Buy, Count: 2, Ended: []perp.EndedOrder{{ClOrdID: "C-1002", OrderID: "O-77"}, {ClOrdID: "C-1003", OrderID: "O-78"}}}},
		{"mass_cancel_none", perp.OrdersCanceled{Origin: asked, ClOrdID: "MC2", Said: "7"}},
		{"mass_cancel_refused", perp.OrdersCanceled{Origin: asked, ClOrdID: "MC3", Said: "3", Verdict: perp.Verdict{Reject: perp.Unsupported, Detail: "scope"}}},
		{"mass_cancel_symbol", perp.OrdersCanceled{Origin: asked, ClOrdID: "MC4", Said: "1", Symbol: "NONE-PERP", Verdict: perp.Verdict{Reject: perp.UnknownSymbol, Detail: "NONE-PERP"}}},
		{"mass_status", perp.OrdersReported{Origin: asked, ReqID: "MS1", Orders: []perp.Order{stop, post}, Execs: []string{"E-68", "E-69"}}},
		{"mass_status_none", perp.OrdersReported{Origin: asked, ReqID: "MS2", Execs: []string{"E-70"}, Verdict: perp.Verdict{Reject: perp.NoOrders}}},
	}
}

// TestEveryEndHasACode: 22084 is said of every end, each with its own.
func TestEveryEndHasACode(t *testing.T) {
	k := testDesk()
	k.dialect = func(string) dialect { return vamm1 }
	c, seen := newCodec(nil, k), map[string]perp.CancelReason{}
	for why := perp.ClientCancel; why.String() != "?"; why++ {
		out := c.encode(perp.OrderCanceled{Origin: asked, ExecID: "E-1", Order: ended(testOrder(), perp.Canceled), Reason: why}, testTime, 1)
		code := ParseMessage(outbound(out[0].msg)).Get(22084)
		if _, twice := seen[code]; twice || code == "" || code == "0" {
			t.Errorf("%s is %q, as %s", why, code, seen[code])
		}
		seen[code] = why
	}
	if len(seen) < 11 {
		t.Errorf("%d reasons", len(seen))
	}
}

// Every report of a mass status says how many there are, the last that it is the last.
func TestMassStatusEnds(t *testing.T) {
	c := newCodec(nil, testDesk())
	ev := perp.OrdersReported{Origin: asked, ReqID: "MS1"}
	for range 3 {
		ev.Orders, ev.Execs = append(ev.Orders, testOrder()), append(ev.Execs, "E")
	}
	out := c.encode(ev, testTime, 1)
	if len(out) != 3 {
		t.Fatalf("%d reports", len(out))
	}
	for i, m := range out {
		text := plain(m.msg)
		if !strings.Contains(text, "|911=3|") || strings.Contains(text, "|912=Y|") != (i == 2) || m.session != "ACME" {
			t.Errorf("report %d: %s", i, text)
		}
	}
}

// tied is an order that ends with its connection.
func tied(c perp.Conditions) perp.Order {
	o := testOrder()
	c.Tied = true
	o.Conditions = c
	return o
}

// TestTieIsOfVAMM1: a tie is asked for and told there, beside other instructions or
// alone, and refused and left out elsewhere.
func TestTieIsOfVAMM1(t *testing.T) {
	for d, ok := range map[dialect]bool{vamm1: true, strict44: false, fix42: false, fix50: false} {
		k := testDesk()
		k.dialect = func(string) dialect { return d }
		for _, text := range []string{with(goodOrder, 18, "6 o"), "G|41=C-1|11=C-5|55=SOL-PERP|54=1|60=20260722-12:00:00.300|38=80|40=2|44=149.5|18=o|"} {
			cmd, rej := newCodec(nil, k).decode(inbound(text), perp.Origin{Session: "ACME", InSeq: 7})
			if rej != nil {
				t.Fatal(rej)
			}
			var asked perp.Conditions
			var flaws []perp.Verdict
			switch cmd := cmd.(type) {
			case perp.PlaceOrder:
				asked, flaws = cmd.Conditions, cmd.Flaws
			case perp.ReplaceOrder:
				asked, flaws = cmd.Conditions, cmd.Flaws
			}
			if m, _ := Asked(cmd, "BACKSTOP"); ok && !strings.Contains(text, "|18="+m.Get(18)+"|") {
				t.Errorf("%s is shown as %s", text, m.Line())
			}
			if asked.Tied != ok || (len(flaws) == 0) != ok {
				t.Errorf("dialect %d: %s became %+v with %v", d, text, asked, flaws)
			}
		}
		for words, c := range map[string]perp.Conditions{"|18=o|": {}, "|18=6 o|": {PostOnly: true}} {
			out := newCodec(nil, k).encode(perp.OrderAccepted{Origin: perp.Origin{Session: "ACME"}, Order: tied(c)}, testTime, 1)
			if got := plain(out[0].msg); strings.Contains(got, words) != ok || !ok && strings.Contains(got, "|18=") != c.PostOnly {
				t.Errorf("dialect %d: %s", d, got)
			}
		}
	}
}
