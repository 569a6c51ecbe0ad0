package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"backstop/perp"
)

// moneyBatch is one command whose events fill every table of money but fills.
func moneyBatch(seq int64) perp.Batch {
	o := perp.Order{
		OrderID: "O-900", ClOrdID: "h1", First: "h1", Session: "CLIENT", Account: "ALICE", Symbol: "BTC-PERP", Side: perp.Buy,
		Type: perp.Market, TIF: perp.IOC, Size: 5, Status: perp.PendingNew,
	}
	canceled, liquidation := o, o
	canceled.Status = perp.Rejected
	liquidation.OrderID, liquidation.ClOrdID, liquidation.First, liquidation.Status = "O-901", "", "", perp.New
	other := liquidation
	other.OrderID = "O-902"
	return perp.Batch{Time: 7, Entries: []perp.Entry{{
		Seq: seq, Time: 7, Source: "clock", Kind: "ClockTick", Payload: []byte("{}"), Command: perp.ClockTick{},
		Events: []perp.Event{
			perp.OrderHeld{ExecID: "E-900", Order: o},
			perp.LastLook{
				OrderID: "O-900", ClOrdID: "h1", Session: "CLIENT", Account: "ALICE", Symbol: "BTC-PERP", Side: perp.Buy, Size: 5, Tier: perp.TierHeld,
				Why: "tier", QuoteID: "Q3A", Version: 3, Arrival: 1_000, Decided: 251_000, Seen: 900, Source: 1_200, Quoted: 100, Before: 99, After: 101,
				Outcome: perp.LookAgainst, Move: 30, Tolerance: 20, Price: 102,
			},
			perp.OrderRejected{ExecID: "E-901", Order: canceled},
			perp.OrderAccepted{ExecID: "E-902", Order: liquidation},
			perp.OrderAccepted{ExecID: "E-903", Order: other},
			perp.FundingPaid{FundingID: "F-1", Account: "ALICE", Symbol: "BTC-PERP", Size: 3, Payment: -40, Rate: 100},
			perp.FundingPaid{FundingID: "F-1", Account: perp.Maker, Symbol: "BTC-PERP", Size: -3, Payment: 40, Rate: 100},
			perp.Bankrupted{LossID: "L-1", Account: "BOB", Symbol: "BTC-PERP", Loss: 10, Insurance: 4, Maker: 3, Socialised: 2, Open: 1},
			perp.OperatorAnswered{Key: "k1", Command: "Deposit", By: "desk", Text: "5 paid in"},
			perp.OperatorAnswered{Key: "k1", Command: "Deposit", By: "desk", Verdict: perp.Verdict{Reject: perp.DuplicateKey}},
			perp.MarkedOut{
				OrderID: "O-900", Session: "CLIENT", Account: "ALICE", Symbol: "BTC-PERP", Side: perp.Buy, Size: 5, Horizon: perp.Second,
				Before: 99, After: 103, Move: 40_404,
			},
			perp.ClientGraded{
				Session: "CLIENT", Symbol: "BTC-PERP", From: perp.Class{Tier: perp.TierHeld}, Class: perp.Class{Tier: perp.TierPriced, Surcharge: 300},
				Why: "markout", Score: 3_100_000, Until: 60,
			},
			perp.ClassQuoted{Quote: perp.Quote{Symbol: "BTC-PERP"}},
			perp.HedgeWanted{Symbol: "BTC-PERP", Key: "H-1", Size: -7},
			perp.Hedged{Symbol: "BTC-PERP", Position: -7, Variation: 12},
			perp.MarketExpired{Symbol: "SOL-PERP", Price: 5},
		},
	}}}
}

// TestMoneyRows: the tables of money hold what the events say, and a change of
// any of them behind the store's back is named.
func TestMoneyRows(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"", ""},
		{"UPDATE funding SET payment = payment + 1 WHERE n = 1", "sum of funding F-1"},
		{"UPDATE funding SET rate = 7 WHERE n = 2", "funding row 2"},
		{"DELETE FROM funding WHERE n = 2", "rows in funding"},
		{"UPDATE losses SET insurance = 3, maker = 4 WHERE n = 1", "losses row 1"},
		{"UPDATE desk SET by = 'other' WHERE n = 2", "desk row 2"},
		{"UPDATE last_looks SET outcome = 'accepted' WHERE n = 1", "last_looks row 1"},
		{"UPDATE last_looks SET tier = 'firm' WHERE n = 1", "last_looks row 1"},
		{"UPDATE last_looks SET seen_ns = 901 WHERE n = 1", "last_looks row 1"},
		{"UPDATE marked SET time_ns = time_ns + 1 WHERE n = 6", "marked row 6"},
		{"DELETE FROM marked WHERE n = 6", "rows in marked"},
		{"UPDATE expired SET symbol = 'ETH-PERP'", "expired row 1"},
		{"DELETE FROM expired", "rows in expired"},
		{"UPDATE grades SET surcharge = 0 WHERE n = 1", "grades row 1"},
		{"DELETE FROM grades", "rows in grades"},
		{"UPDATE hedges SET variation = 13 WHERE n = 2", "hedges row 2"},
		{"UPDATE hedges SET size = 7 WHERE n = 1", "hedges row 1"},
		{"UPDATE fills SET quoted = 0 WHERE n = 2", "fills row 2"},
	} {
		dir := t.TempDir()
		s := open(t, dir)
		commit(t, s, newWorld(1).batch(5), moneyBatch(6))
		if c.sql == "" {
			agree(t, s.Reader)
			o, found, err := s.OrderByClient("ALICE", "h1")
			if err != nil || !found || o.Status != "rejected" {
				t.Errorf("the held order: %+v, %v, %v", o, found, err)
			}
			continue
		}
		closeStore(t, s)
		tamper(t, dir, c.sql)
		r, err := OpenReadOnly(dir)
		if err != nil {
			t.Fatal(err)
		}
		found, err := r.Differences()
		if err != nil {
			t.Error(err)
		}
		if !strings.Contains(fmt.Sprint(found), c.want) {
			t.Errorf("%s: %v, want one about %q", c.sql, found, c.want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOtherRulesAreRefused: a journal that other rules made is not replayed; an
// empty one is.
func TestOtherRulesAreRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	closeStore(t, s)
	tamper(t, dir, "UPDATE settings SET value = '1' WHERE name = 'rules'")
	s = open(t, dir)
	commit(t, s, newWorld(1).batch(1))
	closeStore(t, s)
	before := tree(t, dir)
	if _, err := Open(dir); !errors.Is(err, ErrRules) {
		t.Fatalf("opened with %v", err)
	}
	if after := tree(t, dir); after[DBName] != before[DBName] {
		t.Error("the refused database was changed")
	}
}

// TestMovements: every transfer of an owner, signed, in order; they sum to its
// balances, and an owner that nobody knows has none.
func TestMovements(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, newWorld(1).batch(slice+20), newWorld(2).batch(0))
	for _, owner := range []string{"ALICE", perp.Maker, perp.Outside} {
		sums, last := map[string]perp.Money{}, int64(0)
		err := s.Movements(owner, func(m Movement) error {
			if m.ID < last || m.Amount == 0 || m.Time == 0 || m.Reason == "" {
				t.Errorf("%s: %+v after %d", owner, m, last)
			}
			sums[m.Account] += m.Amount
			last = m.ID
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		balances, err := s.Balances()
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range balances {
			if b.Owner == owner && sums[b.Account] != perp.Money(b.Balance) {
				t.Errorf("%s %s: movements sum to %s, balance %d", owner, b.Account, sums[b.Account], b.Balance)
			}
		}
		if len(sums) == 0 {
			t.Errorf("%s has no movements", owner)
		}
	}
	stop := errors.New("enough")
	if err := s.Movements("ALICE", func(Movement) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the reader came back as %v", err)
	}
	if err := s.Movements("NOBODY", func(m Movement) error { t.Errorf("%+v", m); return nil }); err != nil {
		t.Error(err)
	}
	settled, err := s.Settlements("ALICE", 3)
	if err != nil || len(settled) != 3 || settled[0].Account != "ALICE" {
		t.Errorf("%+v, %v", settled, err)
	}
	events, err := s.OrderEvents("O-7")
	if err != nil || len(events) < 3 || events[0].Kind != "OrderAccepted" {
		t.Errorf("%d events of O-7, %v", len(events), err)
	}
}
