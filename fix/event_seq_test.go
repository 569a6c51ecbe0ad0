package fix

import (
	"strconv"
	"testing"

	"backstop/perp"
)

// TestEventsAreCounted: the events of an account are 1, 2, 3 …, the same for all
// who are told; a state has the number of the last event; nobody else's orders,
// and no answer, count.
func TestEventsAreCounted(t *testing.T) {
	k := testDesk()
	k.dialect = func(string) dialect { return vamm1 }
	c := newCodec(map[string][]string{"DC": {roleDropCopy}}, k)
	c.encode(perp.AccountOpened{Account: "ACME-MAIN", Sessions: []string{"ACME", "DC"}}, testTime, 1)
	own := perp.Origin{Session: "ACME"}
	foreign := testOrder()
	foreign.OrderID, foreign.Session = "", "BOB"
	for i, e := range []struct {
		event perp.Event
		want  string
	}{
		{perp.OrderAccepted{Origin: own, ExecID: "E-1", Order: testOrder()}, "1"},
		{perp.FundingPaid{FundingID: "F-1", Account: "ACME-MAIN", Symbol: "SOL-PERP", Payment: coin}, "2"},
		{perp.StatusReported{Origin: own, ExecID: "E-2", Order: testOrder()}, "2"},
		{perp.OrderRejected{Origin: perp.Origin{Session: "BOB"}, ExecID: "E-3", Order: foreign, Verdict: perp.Verdict{Reject: perp.AccountNotPermitted}}, ""},
		{perp.StatusReported{Origin: perp.Origin{Session: "BOB"}, ExecID: "E-4", Order: foreign}, ""},
		{perp.FundingPaid{FundingID: "F-1", Account: perp.Maker, Symbol: "SOL-PERP", Payment: -coin}, ""},
		{perp.CancelRejected{Origin: own, Order: testOrder(), Verdict: perp.Verdict{Reject: perp.UnknownOrder}}, ""},
		{perp.MarginCalled{CallID: "MC-1", Account: "ACME-MAIN"}, "3"},
		{perp.PositionsReported{Origin: own, ReqID: "P", Account: "ACME-MAIN", Positions: []perp.PositionView{{Account: "ACME-MAIN", Symbol: "SOL-PERP"}}}, "3"},
		{perp.OrdersReported{Origin: own, ReqID: "M", Orders: []perp.Order{testOrder()}, Execs: []string{"E-5"}}, "3"},
		{perp.Filled{ExecID: "E-6", TradeID: "T-1", Order: testOrder(), Size: 1, Price: 1, Liquidity: perp.Added}, "4"},
	} {
		for _, m := range c.encode(e.event, testTime, 1) {
			if got := valueOf(splitFields(outbound(m.msg)), tagEventSeq); got != e.want {
				t.Errorf("%d %s to %s: 22007=%q, want %q", i, e.event.Kind(), m.session, got, e.want)
			}
		}
	}
	writes := c.events.drain()
	if len(writes) != 1 || writes[0] != (perp.AccountWrite{Account: "ACME-MAIN", Events: 4}) || len(c.events.drain()) != 0 {
		t.Errorf("drained %v", writes)
	}
}

// TestEventsAreCountedForEver: the numbers go on after a crash and a reset, and
// what happened while a client of VAMM1 was away has them too; in STRICT44 it has
// not.
func TestEventsAreCountedForEver(t *testing.T) {
	t.Parallel()
	disk := newDisk()
	open := perp.AccountOpened{Account: "ALICE", Sessions: []string{"ALICE"}}
	w := newWorldOn(t, disk, nil)
	w.happen(open)
	p := w.loginAs("ALICE", 1, "22000=VAMM1|")
	p.order("A1")
	p.expect("35=8", "34=2", "22007=1")
	p.conn.Close()
	w.happen(paid("F-2"))
	w.happen(paid("F-3"))
	w.numbered("ALICE", 5) // Both are in a step, which a crash lets end.
	w.crash()

	w = newWorldOn(t, disk, nil)
	w.happen(open)
	p = w.loginAs("ALICE", p.seq, "22000=VAMM1|")
	p.send("2", "7=3|16=0|")
	p.expect("35=AM", "34=3", "43=Y", "22007=2")
	p.expect("35=AM", "34=4", "43=Y", "22007=3")
	p.expect("35=4")
	p.order("A2")
	p.expect("35=8", "22007=4")
	p.conn.Close()

	p = w.dial("ALICE")
	p.logon("141=Y|")
	p.expectNone("35=A", "34=1")
	for i, kind := range []string{"AM", "AM", "8"} {
		p.expectNone("35="+kind, "34="+strconv.Itoa(i+2), "97=Y")
	}
	p.conn.Close()
	p = w.dial("ALICE")
	p.logon("141=Y|22000=VAMM1|")
	p.expect("35=A", "34=1")
	for i := range 3 {
		p.expect("34="+strconv.Itoa(i+2), "97=Y", "22007="+strconv.Itoa(i+2))
	}
}

func paid(id string) perp.Event {
	return perp.FundingPaid{FundingID: id, Account: "ALICE", Symbol: "SOL-PERP", Payment: coin}
}
