package ledger_test

import (
	"testing"

	"pgregory.net/rapid"

	"backstop/ledger"
	"backstop/perp"
)

// booked are the payments of a booking by account.
func booked(l *ledger.Ledger, id string, terms ledger.FundingTerms) map[string]perp.FundingPaid {
	paid := map[string]perp.FundingPaid{}
	_, events := l.BookFunding("BTC-PERP", id, terms)
	for _, ev := range events {
		if p, ok := ev.(perp.FundingPaid); ok {
			paid[p.Account] = p
		}
	}
	return paid
}

// moved is an index less an earlier one in 1e-12 quote.
func moved(now, before perp.FundingIndex) int64 {
	return (now.Whole-before.Whole)*1_000_000_000_000 + now.Part - before.Part
}

// Whatever runs up between bookings, also when nobody asks, the move of the index
// times the position is the payment, rounded down; and the index never goes back to
// zero.
func TestIndexGivesThePayment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := ledger.New()
		l.Fill(fill("alice", perp.Buy, perp.Size(rapid.Int64Range(1, 9).Draw(t, "long")), 100))
		l.Fill(fill("bob", perp.Sell, perp.Size(rapid.Int64Range(1, 9).Draw(t, "short")), 100))
		var long, short perp.FundingIndex
		for range rapid.IntRange(1, 4).Draw(t, "bookings") {
			for range rapid.IntRange(0, 3).Draw(t, "steps") {
				l.Accrue("BTC-PERP", rapid.Int64Range(-1e15, 1e15).Draw(t, "paid"), rapid.Int64Range(-1e15, 1e15).Draw(t, "got"))
			}
			nowLong, nowShort := l.FundingIndex("BTC-PERP")
			openLong, openShort := l.FundingOpen("BTC-PERP")
			if moved(nowLong, long) != openLong || moved(nowShort, short) != openShort {
				t.Fatalf("moved from %s and %s to %s and %s, open are %d and %d", long, short, nowLong, nowShort, openLong, openShort)
			}
			paid := booked(l, "F", ledger.FundingTerms{})
			for name, want := range map[string]int64{
				"alice": perp.MulDiv(-openLong, int64(l.Position("alice", "BTC-PERP").Size), ledger.FundingScale, perp.Floor),
				"bob":   perp.MulDiv(openShort, -int64(l.Position("bob", "BTC-PERP").Size), ledger.FundingScale, perp.Floor),
			} {
				p, told := paid[name]
				if told != (want != 0) || int64(p.Payment) != want {
					t.Fatalf("%s got %s, want %d", name, p.Payment, want)
				}
				if told && (p.Long != nowLong || p.Short != nowShort) {
					t.Fatalf("%s is told %s and %s, the indexes are %s and %s", name, p.Long, p.Short, nowLong, nowShort)
				}
			}
			if long, short = l.FundingIndex("BTC-PERP"); long != nowLong || short != nowShort {
				t.Fatalf("booking moved the indexes to %s and %s", long, short)
			}
		}
	})
}

// Each side is told its own rates; a market that nobody dealt in has no index.
func TestFundingTermsAreOfTheSide(t *testing.T) {
	l := ledger.New()
	if long, short := l.FundingIndex("BTC-PERP"); long != (perp.FundingIndex{}) || short != (perp.FundingIndex{}) {
		t.Errorf("indexes of nothing: %s, %s", long, short)
	}
	if long, short := l.FundingOpen("BTC-PERP"); long != 0 || short != 0 {
		t.Errorf("of nothing are open: %d, %d", long, short)
	}
	l.Fill(fill("alice", perp.Buy, 2, 100))
	l.Fill(fill("bob", perp.Sell, 1, 100))
	l.Accrue("BTC-PERP", 3_000_000_000_000, 1_000_000_000_000)
	paid := booked(l, "F-1", ledger.FundingTerms{Long: 30_000, Short: 10_000, Every: perp.Second, BookedLong: 7, BookedShort: 5})
	for name, want := range map[string]perp.FundingPaid{
		"alice":    {Rate: 30_000, Booked: 7, Size: 2 * perp.SizeOne, Payment: -6 * unit},
		"bob":      {Rate: 10_000, Booked: 5, Size: -perp.SizeOne, Payment: unit},
		perp.Maker: {Rate: 30_000, Booked: 7, Size: -perp.SizeOne, Payment: 5 * unit},
	} {
		want.FundingID, want.Account, want.Symbol, want.Every = "F-1", name, "BTC-PERP", perp.Second
		want.Long, want.Short = perp.FundingIndex{Whole: 3}, perp.FundingIndex{Whole: 1}
		if paid[name] != want {
			t.Errorf("%s is told %+v, want %+v", name, paid[name], want)
		}
	}
}
