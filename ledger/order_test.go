package ledger

import (
	"fmt"
	"slices"
	"testing"

	"backstop/perp"
)

// TestNewRowsAreNotInserted: a row of an account that is new stands behind the others
// until somebody reads them all, who finds them sorted.
func TestNewRowsAreNotInserted(t *testing.T) {
	l := New()
	for i := range 50 {
		name := fmt.Sprintf("a%02d", 49-i)
		l.Deposit(perp.Deposit{Account: name, Amount: perp.MoneyOne, Key: name})
		l.Fill(Fill{Account: name, Symbol: "X", Side: perp.Buy, Size: perp.SizeOne, Price: perp.PriceOne, Ref: name})
		if last := l.s.Rows[len(l.s.Rows)-1]; last.Account.Owner != name && last.Account.Owner != perp.Maker {
			t.Fatalf("the row of %s was inserted", name)
		}
		if last := l.s.Books[0].Holders[i]; last.Account != name {
			t.Fatalf("the position of %s was inserted", name)
		}
	}
	if owners := l.Owners("X"); len(owners) != 50 || !slices.IsSorted(owners) {
		t.Errorf("owners %v", owners)
	}
	if all := l.Balances(); !slices.IsSortedFunc(all, func(a, b Balance) int { return compareAccounts(a.Account, b.Account) }) {
		t.Errorf("balances %v", all)
	}
	if err := l.Audit(); err != nil {
		t.Error(err)
	}
}
