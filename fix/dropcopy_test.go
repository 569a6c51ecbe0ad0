package fix

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"backstop/perp"
)

// copyEvents has one event for every report about an order, and who is told
// without a drop copy session.
func copyEvents() []struct {
	name  string
	event perp.Event
	told  []string
} {
	o, full := testOrder(), testOrder()
	full.Cum, full.Status = full.Size, perp.FullyFilled
	refused := o
	refused.OrderID, refused.Status = "", perp.Rejected
	own := perp.Origin{Session: "ACME"}
	return []struct {
		name  string
		event perp.Event
		told  []string
	}{
		{"accepted", perp.OrderAccepted{Origin: own, ExecID: "E-1", Order: o}, []string{"ACME"}},
		{"held", perp.OrderHeld{Origin: own, ExecID: "E-2", Order: o}, []string{"ACME"}},
		{"refused", perp.OrderRejected{Origin: own, ExecID: "E-3", Order: refused, Verdict: perp.Verdict{Reject: perp.UnknownSymbol}}, []string{"ACME"}},
		{"filled", perp.Filled{ExecID: "E-4", TradeID: "T-1", Order: full, Size: full.Size, Price: price("150"), Liquidity: perp.Removed, Oracle: testOracle}, []string{"ACME"}},
		{"canceled by a disconnect", perp.OrderCanceled{ExecID: "E-5", Order: ended(o, perp.Canceled), Reason: perp.DisconnectCancel}, []string{"ACME"}},
		{"canceled by another session", perp.OrderCanceled{Origin: perp.Origin{Session: "ACME2"}, ExecID: "E-6", Order: ended(o, perp.Canceled)}, []string{"ACME2", "ACME"}},
		{"replaced", perp.OrderReplaced{Origin: own, ExecID: "E-7", Order: o, OrigClOrdID: "C-0"}, []string{"ACME"}},
		{"set off", perp.OrderTriggered{ExecID: "E-8", Order: o}, []string{"ACME"}},
		{"liquidated", perp.Filled{ExecID: "E-9", TradeID: "T-2", Order: slice(perp.FullyFilled, "100"), Price: price("139.2"), Size: size("100"), Liquidity: perp.Removed, Oracle: testOracle}, []string{"ACME", "ACME2"}},
	}
}

// TestDropCopies: a drop copy session gets every report about an order of its
// account, the same but for 797=Y, once; the others get what they got without it.
func TestDropCopies(t *testing.T) {
	for _, e := range copyEvents() {
		c := newCodec(map[string][]string{"DC": {roleDropCopy}, "ACME": {roleTrade}}, testDesk())
		c.encode(perp.AccountOpened{Account: "ACME-MAIN", Sessions: []string{"ACME", "ACME2", "DC"}}, testTime, 1)
		out := c.encode(e.event, testTime, 1)
		var told []string
		for _, m := range out {
			told = append(told, m.session)
		}
		if want := append(slices.Clone(e.told), "DC"); !slices.Equal(told, want) {
			t.Errorf("%s: told to %v, want %v", e.name, told, want)
			continue
		}
		copied, first := plain(out[len(out)-1].msg), plain(out[0].msg)
		if strings.Contains(first, "|797=") || strings.Replace(copied, "|797=Y", "", 1) != first || !strings.Contains(copied, "|797=Y|") {
			t.Errorf("%s: report %s\ncopy %s", e.name, first, copied)
		}
		if err := validate(outbound(out[len(out)-1].msg), stock(t)); err != nil {
			t.Errorf("%s: a stock client refuses the copy: %v", e.name, err)
		}
	}
}

// TestWhatIsNotCopied: an answer is for who asked; an order that names the account
// of others is no news of it; a session without the role, or of another account,
// gets no copies.
func TestWhatIsNotCopied(t *testing.T) {
	k := testDesk()
	c := newCodec(map[string][]string{"DC": {roleDropCopy}, "LOOK": {roleAccount}, "OTHERDC": {roleDropCopy}}, k)
	c.encode(perp.AccountOpened{Account: "ACME-MAIN", Sessions: []string{"ACME", "DC", "LOOK", "ALL"}}, testTime, 1)
	c.encode(perp.AccountOpened{Account: "OTHER", Sessions: []string{"BOB", "OTHERDC"}}, testTime, 1)
	foreign := testOrder()
	foreign.OrderID, foreign.Session, foreign.Status = "", "BOB", perp.Rejected
	for _, e := range []struct {
		name  string
		event perp.Event
		told  string
	}{
		{"status", perp.StatusReported{Origin: perp.Origin{Session: "ACME"}, ExecID: "E-1", Order: testOrder()}, "ACME"},
		{"cancel refused", perp.CancelRejected{Origin: perp.Origin{Session: "ACME"}, Order: testOrder(), Verdict: perp.Verdict{Reject: perp.UnknownOrder}}, "ACME"},
		{"order of a stranger", perp.OrderRejected{Origin: perp.Origin{Session: "BOB"}, ExecID: "E-2", Order: foreign, Verdict: perp.Verdict{Reject: perp.AccountNotPermitted}}, "BOB"},
	} {
		out := c.encode(e.event, testTime, 1)
		if len(out) != 1 || out[0].session != e.told || strings.Contains(plain(out[0].msg), "|797=") {
			t.Errorf("%s: %v", e.name, out)
		}
	}
	out := c.encode(perp.OrderAccepted{Origin: perp.Origin{Session: "ACME"}, ExecID: "E-3", Order: testOrder()}, testTime, 1)
	if len(out) != 2 || out[1].session != "DC" {
		t.Errorf("copies %v, want one to DC", out)
	}
}

// TestDropCopySurvives: copies made while the session is away, or before a reset,
// come like any other report, in order, also after a crash.
func TestDropCopySurvives(t *testing.T) {
	t.Parallel()
	cast := func(c *Config) {
		c.Sessions = append(testClients(), SessionConfig{CompID: "DC", Password: "demo", AllowReset: true, Roles: []string{roleDropCopy}})
	}
	open := perp.AccountOpened{Account: "ALICE", Sessions: []string{"ALICE", "DC"}}
	disk := newDisk()
	w := newWorldOn(t, disk, cast)
	w.happen(open)
	p := w.login("ALICE")
	p.order("A1")
	first := p.expect("35=8", "11=A1")
	dc := w.dial("DC")
	dc.logon("")
	dc.expect("35=A", "34=2")
	dc.send("2", "7=1|16=0|")
	again := dc.expect("35=8", "34=1", "43=Y", "11=A1", "797=Y")
	if fieldOf(first, "17") != fieldOf(again, "17") {
		t.Errorf("ExecID %s, its copy %s", fieldOf(first, "17"), fieldOf(again, "17"))
	}
	dc.expect("35=4")
	p.order("A2")
	p.order("A3")
	p.expect("11=A2")
	p.expect("11=A3")
	dc.expect("35=8", "34=3", "11=A2", "797=Y")
	dc.expect("35=8", "34=4", "11=A3", "797=Y")
	dc.send("D", orderFieldsOf("X"))
	dc.expect("35=j", "379=X", "380=6", "58=NOT_PERMITTED the roles of this session do not include 35=D")
	w.crash()

	w = newWorldOn(t, disk, cast)
	w.happen(open)
	dc = w.dial("DC")
	dc.logon("141=Y|")
	dc.expect("35=A", "34=1")
	for i, id := range []string{"A1", "A2", "A3"} { // It has shown to have none of them.
		dc.expect("35=8", "34="+strconv.Itoa(i+2), "97=Y", "11="+id, "797=Y")
	}
}
