package fix

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"backstop/perp"
)

var (
	watchPositions  = with(goodPositions, 263, "1")
	watchCollateral = goodCollateral + "263=1|"
)

func viewOf(symbol string, s perp.Size) perp.PositionView {
	return perp.PositionView{Account: "ACME-MAIN", Symbol: symbol, Size: s, Mark: price("150"), PriorMark: price("150")}
}

// subscriptionEvents makes ACME watch its account on this desk and returns the
// answers and news that follow.
func subscriptionEvents(k *desk) []named {
	s := &session{desk: k, codec: newCodec(nil, k), seq: 20}
	s.send(watchPositions)
	ack := named{"posack_subscribed", s.positions(viewOf("SOL-PERP", size("250")))}
	k.clients["ACME"].watches = append(k.clients["ACME"].watches,
		&watch{watchKey: watchKey{positionsOf, "ACME-MAIN", "BTC-PERP"}}, &watch{watchKey: watchKey{collateralOf, "ACME-MAIN", ""}})
	o := perp.Origin{Session: "ACME"}
	return []named{
		ack,
		{"posrep_unsol", perp.PositionsReported{Origin: o, Account: "ACME-MAIN", Positions: []perp.PositionView{viewOf("BTC-PERP", 0)}, Unsolicited: true}},
		{"collrep_unsol", perp.CollateralReported{Origin: o, View: testCollateral(), Unsolicited: true}},
	}
}

// session plays ACME, the engine and the loop around a desk.
type session struct {
	t     testing.TB
	desk  *desk
	codec *codec
	seq   int64
	inbox []perp.Command // what the desk has asked for
	full  bool
	now   perp.Time
}

func newSession(t testing.TB) *session {
	s := &session{t: t, desk: testDesk(), now: testTime}
	s.codec = newCodec(nil, s.desk)
	s.desk.ask = func(cmd perp.Command) bool {
		if s.full {
			return false
		}
		s.inbox = append(s.inbox, cmd)
		return true
	}
	return s
}

// send gives one request to the door: what goes to the engine, or the replies.
func (s *session) send(text string) (perp.Command, []string) {
	s.seq++
	msg := inbound(text)
	cmd, rej := s.codec.decode(msg, perp.Origin{Session: "ACME", InSeq: s.seq, Arrival: testTime})
	if rej != nil {
		s.t.Fatalf("%s: %v", text, rej)
	}
	cmd, replies := s.desk.admit(cmd, msg)
	var out []string
	for _, m := range replies {
		out = append(out, plain(m))
	}
	return cmd, out
}

func (s *session) positions(views ...perp.PositionView) perp.PositionsReported {
	return perp.PositionsReported{Origin: perp.Origin{Session: "ACME", InSeq: s.seq}, ReqID: "P1", Account: "ACME-MAIN", Positions: views}
}

// entry is one command with its events: encoded, committed, published.
func (s *session) entry(cmd perp.Command, events ...perp.Event) (sent []string) {
	for _, ev := range events {
		for _, m := range s.codec.encode(ev, s.now, 1) {
			sent = append(sent, plain(m.msg))
		}
	}
	s.publish(always, perp.Entry{Time: s.now, Command: cmd, Events: events})
	return sent
}

func (s *session) publish(ready func(string) bool, entries ...perp.Entry) []outMessage {
	return s.desk.publish(entries, ready)
}

func (s *session) moved(symbol string) perp.Event {
	return perp.PositionChanged{Account: "ACME-MAIN", Symbol: symbol, Size: size("1")}
}

// asked checks what the desk has asked the engine for, and forgets it.
func (s *session) asked(want ...perp.Command) {
	s.t.Helper()
	if got := s.inbox; len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		s.t.Errorf("asked for %+v, want %+v", got, want)
	}
	s.inbox = nil
}

func newsOf(symbol string) perp.Command {
	return perp.RequestPositions{Origin: perp.Origin{Session: "ACME"}, Account: "ACME-MAIN", Symbol: symbol, Unsolicited: true}
}

var collateralNews perp.Command = perp.RequestCollateral{Origin: perp.Origin{Session: "ACME"}, Account: "ACME-MAIN", Unsolicited: true}

// follow makes ACME watch its positions, with the engine's consent.
func (s *session) follow() {
	s.t.Helper()
	cmd, replies := s.send(watchPositions)
	if cmd == nil || len(replies) != 0 {
		s.t.Fatalf("got %v, %v", cmd, replies)
	}
	sent := s.entry(cmd, s.positions(viewOf("SOL-PERP", size("250"))))
	if len(sent) != 2 || !strings.HasPrefix(sent[0], "35=AO|") || !strings.Contains(sent[0], "|727=1|728=0|729=0|") || !strings.HasPrefix(sent[1], "35=AP|") {
		s.t.Fatalf("snapshot: %v", sent)
	}
	s.asked()
}

func (s *session) followCollateral() {
	s.t.Helper()
	cmd, _ := s.send(watchCollateral)
	sent := s.entry(cmd, perp.CollateralReported{Origin: perp.Origin{Session: "ACME", InSeq: s.seq}, ReqID: "CI1", View: testCollateral()})
	if len(sent) != 2 || !strings.HasPrefix(sent[0], "35=BG|909=CI1|945=0|") || !strings.HasPrefix(sent[1], "35=BA|") {
		s.t.Fatalf("snapshot: %v", sent)
	}
	s.asked()
}

func TestEveryChangeOfAWatchedPositionIsAskedFor(t *testing.T) {
	for _, ev := range []perp.Event{
		perp.PositionChanged{Account: "ACME-MAIN", Symbol: "SOL-PERP"},
		perp.Filled{Order: filledOrder("100"), Price: price("150"), Size: size("100")},
		perp.FundingPaid{Account: "ACME-MAIN", Symbol: "SOL-PERP"}, perp.Settled{Account: "ACME-MAIN", Symbol: "SOL-PERP"},
		perp.LossShared{Account: "ACME-MAIN", Symbol: "SOL-PERP"}, perp.Bankrupted{Account: "ACME-MAIN", Symbol: "SOL-PERP"},
		posted(perp.ProfitRealised, perp.LedgerAccount{Owner: "ACME-MAIN", Name: perp.Claim, Symbol: "SOL-PERP"}, perp.LedgerAccount{Owner: perp.Maker, Name: perp.Claim, Symbol: "SOL-PERP"}, "E"),
	} {
		s := newSession(t)
		s.follow()
		s.publish(always, perp.Entry{Time: s.now, Events: []perp.Event{ev}})
		s.asked(newsOf("SOL-PERP"))
	}
	for _, ev := range []perp.Event{
		perp.PositionChanged{Account: "OTHER", Symbol: "SOL-PERP"}, perp.MarginCalled{Account: "ACME-MAIN"},
		posted(perp.DepositMade, perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}, clientCash, "K"), perp.QuoteChanged{Quote: testQuote(9, "149", "151")},
	} {
		s := newSession(t)
		s.follow()
		s.publish(always, perp.Entry{Time: s.now, Events: []perp.Event{ev}})
		s.asked()
	}
}

func TestEveryChangeOfWatchedCollateralIsAskedFor(t *testing.T) {
	for _, ev := range []perp.Event{
		perp.PositionChanged{Account: "ACME-MAIN", Symbol: "BTC-PERP"}, perp.OrderAccepted{Order: testOrder()}, perp.OrderReplaced{Order: testOrder()},
		perp.OrderCanceled{Order: testOrder()}, perp.MarginCalled{Account: "ACME-MAIN"}, perp.LiquidationChanged{Account: "ACME-MAIN"},
		perp.FundingPaid{Account: "ACME-MAIN", Symbol: "SOL-PERP"}, perp.Settled{Account: "ACME-MAIN", Symbol: "SOL-PERP"},
		posted(perp.DepositMade, perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}, clientCash, "K"),
		posted(perp.TradeFee, clientCash, perp.LedgerAccount{Owner: perp.Maker, Name: perp.Fees, Symbol: "SOL-PERP"}, "T-1"),
	} {
		s := newSession(t)
		s.followCollateral()
		s.now += perp.Second
		s.publish(always, perp.Entry{Time: s.now, Events: []perp.Event{ev}})
		s.asked(collateralNews)
	}
}

// One request waits per position, whatever happens meanwhile; what happens
// after its answer is asked for again.
func TestNewsOfPositionsAreCoalesced(t *testing.T) {
	s := newSession(t)
	s.follow()
	for range 20 {
		s.publish(always, perp.Entry{Time: s.now, Events: []perp.Event{s.moved("SOL-PERP"), s.moved("BTC-PERP")}})
	}
	s.asked(newsOf("BTC-PERP"), newsOf("SOL-PERP"))
	answer := perp.PositionsReported{Origin: perp.Origin{Session: "ACME"}, Account: "ACME-MAIN", Positions: []perp.PositionView{viewOf("SOL-PERP", 0)}, Unsolicited: true}
	sent := s.entry(newsOf("SOL-PERP"), answer)
	if len(sent) != 1 || !strings.Contains(sent[0], "|325=Y|") || !strings.Contains(sent[0], "|704=0|") || strings.Contains(sent[0], "|710=") {
		t.Errorf("news: %v", sent)
	}
	s.asked()
	s.publish(always, perp.Entry{Time: s.now, Command: newsOf("BTC-PERP"), Events: []perp.Event{answer}}, perp.Entry{Time: s.now, Events: []perp.Event{s.moved("BTC-PERP")}})
	s.asked(newsOf("BTC-PERP"))
}

// A full inbox or a client that reads slowly loses no change: the newest state
// is asked for when there is room.
func TestNewsWaitForRoom(t *testing.T) {
	s := newSession(t)
	s.follow()
	s.full = true
	s.publish(always, perp.Entry{Time: s.now, Events: []perp.Event{s.moved("SOL-PERP")}})
	s.full = false
	s.publish(never)
	s.asked()
	s.publish(always)
	s.asked(newsOf("SOL-PERP"))
}

func TestCollateralIsToldOnceASecond(t *testing.T) {
	s := newSession(t)
	s.followCollateral()
	start := s.now
	told := 0
	for ; s.now < start+3*perp.Second; s.now += perp.Second / 10 {
		s.publish(always, perp.Entry{Time: s.now, Events: []perp.Event{s.moved("SOL-PERP")}})
		for range s.inbox {
			told++
			s.inbox = nil
			sent := s.entry(collateralNews, perp.CollateralReported{Origin: perp.Origin{Session: "ACME"}, View: testCollateral(), Unsolicited: true})
			if len(sent) != 1 || !strings.HasPrefix(sent[0], "35=BA|908=CR1|910=3|1=") {
				t.Fatalf("news: %v", sent)
			}
		}
	}
	if told != 3 {
		t.Errorf("told %d times in 3 s", told)
	}
	s.asked()
	s.now = start + 3*perp.Second
	s.publish(always, perp.Entry{Time: s.now})
	s.asked(collateralNews) // the last change is told, though nothing more happens
}

func TestSubscriptionsEnd(t *testing.T) {
	s := newSession(t)
	s.follow()
	s.followCollateral()
	for _, c := range []struct{ text, want string }{
		{with(goodPositions, 263, "2"), "|710=P1|727=0|728=0|729=0|"}, {with(goodPositions, 263, "2"), "|728=99|729=2|"},
		{goodCollateral + "263=2|", "35=BG|909=CI1|945=2|946=0|911=0|"}, {goodCollateral + "263=2|", "945=4|946=99|"},
	} {
		if cmd, replies := s.send(c.text); cmd != nil || len(replies) != 1 || !strings.Contains(replies[0], c.want) {
			t.Errorf("%s: got %v %v, want %s", c.text, cmd, replies, c.want)
		}
	}
	s.now += 2 * perp.Second
	s.publish(always, perp.Entry{Time: s.now, Events: []perp.Event{s.moved("SOL-PERP")}})
	s.asked()
	late := perp.PositionsReported{Origin: perp.Origin{Session: "ACME"}, Account: "ACME-MAIN", Positions: []perp.PositionView{viewOf("SOL-PERP", 0)}, Unsolicited: true}
	if sent := s.entry(newsOf("SOL-PERP"), late); len(sent) != 0 {
		t.Errorf("told after the end: %v", sent)
	}
}

// A subscription that ends before the engine has agreed never begins; one that
// the engine refuses, or that found no room, neither.
func TestSubscriptionsThatNeverBegin(t *testing.T) {
	refusal := perp.Verdict{Reject: perp.UnknownAccount, Detail: "ACME-MAIN"}
	for _, c := range []struct {
		name string
		play func(s *session, cmd perp.Command)
	}{
		{"ended", func(s *session, cmd perp.Command) {
			asked := s.seq
			s.send(with(goodPositions, 263, "2"))
			s.seq = asked
			s.entry(cmd, s.positions())
		}},
		{"refused by the engine", func(s *session, cmd perp.Command) {
			answer := s.positions()
			answer.Verdict = refusal
			if sent := s.entry(cmd, answer); len(sent) != 1 || !strings.Contains(sent[0], "|728=3|729=2|") {
				t.Errorf("refused: %v", sent)
			}
		}},
		{"no room", func(s *session, cmd perp.Command) { s.desk.refused(cmd.(perp.RequestPositions).Origin) }},
		{"logged out", func(s *session, cmd perp.Command) {
			s.desk.forget("ACME")
			s.entry(cmd, s.positions())
		}},
	} {
		s := newSession(t)
		cmd, _ := s.send(watchPositions)
		c.play(s, cmd)
		s.publish(always, perp.Entry{Time: s.now, Events: []perp.Event{s.moved("SOL-PERP")}})
		if len(s.inbox) != 0 {
			t.Errorf("%s: asked for %v", c.name, s.inbox)
		}
	}
}

func TestSubscriptionsToAccountsAreLimited(t *testing.T) {
	s := newSession(t)
	for i := range accountSubscriptionsMax / 2 {
		s.send(with(watchPositions, 710, fmt.Sprint("P", i)))
		s.send(with(watchCollateral, 909, fmt.Sprint("C", i)))
	}
	for _, c := range []struct {
		text string
		want perp.Reject
	}{
		{with(watchPositions, 710, "P99"), perp.Throttled}, {with(watchCollateral, 909, "C99"), perp.Throttled},
		{with(watchPositions, 710, "P0"), perp.BadRequest}, {with(watchCollateral, 909, "C0"), perp.BadRequest},
		{with(goodPositions, 710, "P99"), perp.RejectNone}, {with(goodCollateral, 909, "C99"), perp.RejectNone},
		{with(watchPositions, 724, "1"), perp.Unsupported}, {watchCollateral + "55=SOL-PERP|", perp.Unsupported},
	} {
		cmd, replies := s.send(c.text)
		if len(replies) != 0 || cmd.(interface{ First() perp.Verdict }).First().Reject != c.want {
			t.Errorf("%s: got %+v %v, want %v", c.text, cmd, replies, c.want)
		}
	}
	if got := len(s.desk.clients["ACME"].watches); got != accountSubscriptionsMax {
		t.Errorf("%d subscriptions", got)
	}
}
