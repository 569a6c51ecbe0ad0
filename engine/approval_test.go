package engine

import (
	"strings"
	"testing"

	"backstop/perp"
)

// give applies a command of the desk, which must have one answer.
func give(t *testing.T, s *script, c perp.Command) perp.OperatorAnswered {
	t.Helper()
	var answers []perp.OperatorAnswered
	for _, ev := range s.s.Step([]perp.Input{{Command: c, Source: "operator"}}, s.now)[0].Events {
		if a, ok := ev.(perp.OperatorAnswered); ok {
			answers = append(answers, a)
		}
	}
	if len(answers) != 1 || answers[0].Command != c.Kind() {
		t.Fatalf("%s is answered with %+v", c.Kind(), answers)
	}
	return answers[0]
}

func ofDesk(key, who string) perp.Operator { return perp.Operator{Key: key, By: who, Reason: "drill"} }

func propose(key, who string, c perp.Command) perp.Command {
	kind, text := Encode(c)
	return perp.ProposeChange{Operator: ofDesk(key, who), Person: who, Command: kind, Payload: text}
}

func approve(key, who string, n int64) perp.Command {
	return perp.ApproveChange{Operator: ofDesk(key, who), Person: who, Proposal: n}
}

// deskStep is a command of the desk after a while, and how it ends.
type deskStep struct {
	wait   perp.Time
	give   perp.Command
	refuse perp.Reject
	says   string
}

func twoPersonDay() []deskStep {
	op, second := ofDesk, perp.Second
	resume := perp.SetMarket{Operator: op("r1", "ann"), Symbol: "BTC-PERP"}
	pay := perp.Withdraw{Operator: op("w1", "ann"), Account: "alice", Amount: 5 * perp.MoneyOne}
	return []deskStep{
		{0, perp.SetMarket{Operator: op("h1", "ann"), Symbol: "BTC-PERP", Mode: perp.ModeHalted}, 0, "BTC-PERP is halted"}, // one person, at once
		{0, perp.StopWithdrawals{Operator: op("s1", "ann")}, 0, "withdrawals are stopped"},
		{0, resume, perp.WrongState, "second person"},
		{0, pay, perp.WrongState, "second person"},
		{0, perp.OpenWithdrawals{Operator: op("o1", "ann")}, perp.WrongState, "second person"},
		{0, perp.Deposit{Account: "alice", Amount: 1, Key: "d1", By: "ann"}, perp.WrongState, "second person"},
		{0, perp.SetMarket{Operator: op("x1", "ann"), Symbol: "BTC-PERP", Mode: perp.ModeExpired}, perp.WrongState, "second person"},
		{0, propose("p0", "ann", perp.StopWithdrawals{Operator: op("s2", "ann")}), perp.WrongState, "no second person"},
		{0, perp.ProposeChange{Operator: op("p0", "ann"), Person: "ann", Command: "Nonsense"}, perp.BadRequest, ""},
		{0, perp.ProposeChange{Operator: op("p0", "ann"), Command: "Nonsense"}, perp.WrongState, "not known who asks"},
		{0, perp.ApproveChange{Operator: op("p0", "ann"), Proposal: 1}, perp.WrongState, "not known who asks"},
		{0, propose("p1", "ann", resume), 0, "proposal 1: another person may approve it after 10s, within 1m0s"},
		{0, propose("p1", "ann", resume), perp.DuplicateKey, "p1"},
		{0, approve("a1", "bob", 1), perp.WrongState, "may be approved in 10s"},
		{10 * second, approve("a2", "ann", 1), perp.WrongState, "another person"},
		{0, approve("a3", "bob", 7), perp.WrongState, "does not wait"},
		{0, approve("a4", "bob", 1), 0, "proposal 1 of ann: BTC-PERP is normal"},
		{0, approve("a5", "bob", 1), perp.WrongState, "does not wait"}, // replayed
		{0, approve("a4", "bob", 1), perp.DuplicateKey, "a4"},
		{0, propose("p2", "ann", perp.OpenWithdrawals{Operator: op("o2", "ann")}), 0, "proposal 2"},
		{60 * second, approve("a6", "bob", 2), perp.WrongState, "expired"},
		{0, propose("p3", "ann", perp.OpenWithdrawals{Operator: op("o3", "ann")}), 0, "proposal 3"},
		{11 * second, approve("a7", "bob", 3), 0, "withdrawals are open"},
		{0, propose("p4", "bob", pay), 0, "proposal 4"},
		{11 * second, approve("a8", "ann", 4), 0, "5 paid out"},
		{0, propose("p5", "bob", perp.Withdraw{Operator: op("w2", "bob"), Account: "nobody", Amount: 5}), 0, "proposal 5"},
		{11 * second, approve("a9", "ann", 5), perp.UnknownAccount, "nobody"}, // it is over, whatever came of it
		{0, approve("a10", "ann", 5), perp.WrongState, "does not wait"},
	}
}

// TestTwoPersons: C14. What lets more happen than before is refused to one person,
// done once a second one approves it in time, and never by the proposer, too soon,
// too late, or twice. Each ends with one answer. Halts are one person's. A restart
// in between changes nothing.
func TestTwoPersons(t *testing.T) {
	s := opened(t)
	s.e.state.TwoPerson = TwoPerson{After: 10 * perp.Second, Within: 60 * perp.Second}
	for i, c := range twoPersonDay() {
		s.now += c.wait
		before := s.e.state.Ledger.Balance(perp.LedgerAccount{Owner: "alice", Name: perp.Cash})
		a := give(t, s, c.give)
		if a.Verdict.Reject != c.refuse || !strings.Contains(a.Text+a.Verdict.Detail, c.says) {
			t.Errorf("%d %s: %s %q %q, want %s %q", i, c.give.Kind(), a.Verdict.Reject, a.Text, a.Verdict.Detail, c.refuse, c.says)
		}
		if after := s.e.state.Ledger.Balance(perp.LedgerAccount{Owner: "alice", Name: perp.Cash}); after != before && c.says != "5 paid out" {
			t.Errorf("%d %s: money moved", i, c.give.Kind())
		}
		again, err := Restore(s.e.Snapshot())
		if err != nil || again.StateHash() != s.e.StateHash() {
			t.Fatalf("%d: restored it is another state, %v", i, err)
		}
	}
}

// TestProposalsAreBounded: so many wait at once, those whose time is over make room,
// and without the rule there is nothing to propose.
func TestProposalsAreBounded(t *testing.T) {
	s := opened(t)
	s.e.state.TwoPerson = TwoPerson{Within: 60 * perp.Second}
	deposit := perp.Deposit{Account: "alice", Amount: 1, Key: "k", By: "ann"}
	for i := range proposalsMax {
		give(t, s, propose("many"+string(rune('A'+i)), "ann", deposit))
	}
	if a := give(t, s, propose("one more", "ann", deposit)); !strings.Contains(a.Verdict.Detail, "wait already") {
		t.Errorf("one proposal too many: %+v", a)
	}
	s.now += 61 * perp.Second
	if a := give(t, s, propose("room again", "ann", deposit)); !a.Verdict.OK() || len(s.e.state.Proposals) != 1 {
		t.Errorf("after their time: %+v, %d wait", a, len(s.e.state.Proposals))
	}
	// Without the rule one person is enough, and there is nothing to propose.
	s.e.state.TwoPerson = TwoPerson{}
	if a := give(t, s, perp.OpenWithdrawals{Operator: ofDesk("o9", "ann")}); !a.Verdict.OK() {
		t.Errorf("one person: %+v", a)
	}
	if a := give(t, s, propose("p9", "ann", perp.OpenWithdrawals{})); a.Verdict.Reject != perp.WrongState {
		t.Errorf("a proposal nobody needs: %+v", a)
	}
}

// TestConfigurationNeedsNoSecondPerson: what the file pays in at start is not the
// desk's.
func TestConfigurationNeedsNoSecondPerson(t *testing.T) {
	s := opened(t)
	s.e.state.TwoPerson = TwoPerson{Within: perp.Second}
	before := s.e.state.Ledger.Balance(perp.LedgerAccount{Owner: "alice", Name: perp.Cash})
	s.run("deposit alice 5 more")
	if after := s.e.state.Ledger.Balance(perp.LedgerAccount{Owner: "alice", Name: perp.Cash}); after != before+5*perp.MoneyOne {
		t.Errorf("%s, then %s", before, after)
	}
}
