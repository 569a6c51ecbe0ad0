package engine

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"backstop/perp"
	"backstop/risk"
)

// TestHistoryNeverMoves: a trade that is added leaves those before it where they are,
// and once an account has a long past, allocates nothing.
func TestHistoryNeverMoves(t *testing.T) {
	h := &history{account: "alice"}
	add := func() { h.add(&dealt{Paid: perp.Money(h.len())}) }
	for range tradesBlock {
		add()
	}
	first := h.at(0)
	for i := tradesBlock; i < 2*tradesKept; i++ {
		if add(); h.at(0) != first || h.len() != i+1 || h.at(i).Paid != perp.Money(i) {
			t.Fatalf("trade %d: %d kept, the last is %+v", i, h.len(), h.at(i))
		}
	}
	add()
	if h.len() != tradesKept+1 || h.at(0).Paid != tradesKept || h.at(tradesKept).Paid != 2*tradesKept {
		t.Fatalf("%d kept after half was forgotten, from %d to %d", h.len(), h.at(0).Paid, h.at(h.len()-1).Paid)
	}
	for range 2 * tradesKept {
		add()
	}
	if n := testing.AllocsPerRun(4*tradesKept, add); n > 0 {
		t.Errorf("%v allocations a trade", n)
	}
}

// TestHistoryIsPackedAsItsPast: blocks are not seen in a snapshot.
func TestHistoryIsPackedAsItsPast(t *testing.T) {
	for _, n := range []int{0, 1, 3, tradesBlock - 1, tradesBlock, tradesBlock + 1, tradesKept + 7} {
		p := past{Account: "alice", Borne: 77}
		for i := range n {
			p.Trades = append(p.Trades, dealt{TradeView: perp.TradeView{TradeID: fmt.Sprint("T", i), Price: perp.Price(i)}, Paid: 3})
		}
		want, h := pack(nil, reflect.ValueOf(p)), p.history()
		if have := h.pack(nil); !bytes.Equal(have, want) {
			t.Errorf("%d trades are packed in another way", n)
		}
		h.add(&dealt{Paid: 4})
		if h.len() != n+1 || h.at(n).Paid != 4 || n > 0 && h.at(n-1).Paid != 3 {
			t.Errorf("%d trades that were read back do not go on", n)
		}
	}
}

// TestFirstDealsMoveNothing: what accounts that deal for the first time leave behind is
// put in order when it is read, not inserted; a snapshot tells nothing of their order.
func TestFirstDealsMoveNothing(t *testing.T) {
	f := busy(t, 1, 40, true)
	names := []string{}
	for i := range 40 {
		names = append(names, fmt.Sprintf("fresh%02d", 39-i))
		f.do(Configure{Accounts: []risk.Account{{Name: names[i], Sessions: []string{names[i]}, Limits: risk.DefaultLimits()}}})
		f.do(perp.Deposit{Account: names[i], Amount: 1_000 * perp.MoneyOne, Key: names[i]})
	}
	f.settle()
	for _, n := range names {
		f.deal(n, perp.Buy)
	}
	b := &f.e.bounds
	var open, dealt []string
	for _, x := range b.open {
		open = append(open, x.account)
	}
	for _, h := range f.e.state.History[len(f.e.state.History)-40:] {
		dealt = append(dealt, h.account)
	}
	if !slices.Equal(open, names) || !slices.Equal(dealt, names) {
		t.Errorf("inserted: %v, %v", open, dealt)
	}
	twin, err := Restore(f.e.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	if f.e.StateHash() != twin.StateHash() {
		t.Error("a restored engine has another state")
	}
	if f.settle(); len(b.open) > 0 {
		t.Errorf("%d accounts are not judged", len(b.open))
	}
}
