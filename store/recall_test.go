package store

import (
	"reflect"
	"testing"

	"backstop/perp"
)

// TestRecall: an ended order is found by its own id and by every client id that
// led to it, as the event that ended it told it; others are not.
func TestRecall(t *testing.T) {
	w := newWorld(1)
	s := open(t, t.TempDir())
	o := perp.Order{
		OrderID: "O-77", ClOrdID: "a", First: "a", Session: "CLIENT", Account: "ALICE", Symbol: "BTC-PERP", Side: perp.Buy,
		Type: perp.Limit, TIF: perp.GTC, Price: 5, Size: 9, Status: perp.New, Created: 1, Updated: 1,
	}
	working := o
	working.OrderID, working.ClOrdID, working.First = "O-78", "w", "w"
	held := working
	held.OrderID, held.ClOrdID, held.First, held.Status = "O-79", "h", "h", perp.PendingNew
	refused := working
	refused.OrderID, refused.ClOrdID, refused.First, refused.Status, refused.Reason = "O-80", "r", "r", perp.Rejected, "UNKNOWN_SYMBOL"
	replaced := o
	replaced.ClOrdID, replaced.Size = "b", 12
	canceled := replaced
	canceled.ClOrdID, canceled.Status, canceled.Reason, canceled.Updated = "c", perp.Canceled, "CLIENT_CANCEL", 7
	commit(t, s, w.batch(3), perp.Batch{Entries: []perp.Entry{
		w.entry(perp.OrderAccepted{Order: o}),
		w.entry(perp.OrderAccepted{Order: working}, perp.OrderHeld{Order: held}, perp.OrderRejected{Order: refused}),
		w.entry(perp.OrderReplaced{Order: replaced, OrigClOrdID: "a"}),
		w.entry(perp.OrderCanceled{Order: canceled, OrigClOrdID: "b"}),
		// A repetition of a refused one carries it again, and changes nothing.
		w.entry(perp.OrderRejected{Order: refused}),
	}})
	of := func(names ...string) (refs []perp.OrderRef) {
		for _, n := range names {
			refs = append(refs, perp.OrderRef{Account: "ALICE", ClOrdID: n})
		}
		return refs
	}
	for _, c := range []struct {
		what string
		refs []perp.OrderRef
		want []perp.RecallOrder
	}{
		{"nothing", nil, nil},
		{"nobody's", append(of("new"), perp.OrderRef{OrderID: "O-9999"}, perp.OrderRef{Account: "BOB", ClOrdID: "a"}), nil},
		{"its own id", []perp.OrderRef{{OrderID: "O-77"}}, []perp.RecallOrder{{Order: canceled}}},
		{"any name", of("b"), []perp.RecallOrder{{Order: canceled, Names: []string{"b"}}}},
		{"all names at once", append(of("c", "a", "a", "b"), perp.OrderRef{OrderID: "O-77"}), []perp.RecallOrder{{Order: canceled, Names: []string{"a", "b", "c"}}}},
		{"what works or is held", of("w", "h"), nil},
		{"two", of("r", "a"), []perp.RecallOrder{{Order: canceled, Names: []string{"a"}}, {Order: refused, Names: []string{"r"}}}},
		{"a name that needs quoting", of(`x"]]','`), nil},
	} {
		got, err := s.Recall(c.refs)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v\nwant %+v", c.what, got, err, c.want)
		}
	}
	filled, err := s.Recall([]perp.OrderRef{{OrderID: "O-1"}})
	if err != nil || len(filled) != 1 || filled[0].Order.Status != perp.FullyFilled || filled[0].Order.Paid == (perp.Wide{}) {
		t.Errorf("a filled one: %+v, %v", filled, err)
	}
}

// BenchmarkRecall is what a batch of new ids costs when orders were forgotten.
func BenchmarkRecall(b *testing.B) {
	w := newWorld(1)
	s := open(b, b.TempDir())
	for range 100 {
		commit(b, s, w.batch(100))
	}
	refs := make([]perp.OrderRef, 16)
	for i := range refs {
		refs[i] = perp.OrderRef{Account: "ALICE", ClOrdID: "new" + string(rune('a'+i))}
	}
	for b.Loop() {
		if got, err := s.Recall(refs); err != nil || got != nil {
			b.Fatal(got, err)
		}
	}
}
