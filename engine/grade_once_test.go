package engine

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"backstop/perp"
)

// TestGradedOnce: a session is judged once in a second for all its accounts, and
// that brings what judging it for each of them would.
func TestGradedOnce(t *testing.T) {
	f := busy(t, 1, 6, false)
	accounts := slices.Clone(f.e.state.Accounts)
	for i := range accounts {
		accounts[i].Sessions = []string{"all", accounts[i].Name, fmt.Sprint("half", i%2)}
		accounts[i].Firm = fmt.Sprint("firm", i/2)
	}
	f.do(Configure{Accounts: accounts})
	if want := []string{"all", "dealer", "half0", "holder00000", "half1"}; !slices.Equal(f.e.traders[:5], want) || len(f.e.traders) != 10 {
		t.Fatalf("sessions in order of their accounts: %v", f.e.traders)
	}
	all := f.e.firms["all"]
	if want := []string{"firm0", "firm1", "firm2", "firm3"}; !slices.Equal(all, want) || len(f.e.traded["all"]) != 7 {
		t.Fatalf("firms %v, accounts %v", all, f.e.traded["all"])
	}
	for i := range 40 {
		for k := range 5 {
			f.deal(accounts[(i+k)%7].Name, perp.Side(1+k%2))
		}
		f.settle()
		twin, err := Restore(f.e.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		f.e.state.Markets[0].Quoting.CatchUp()
		if diff := cmp.Diff(twin.state.Markets[0].Quoting.Firms.Clients, f.e.state.Markets[0].Quoting.Firms.Clients); diff != "" {
			t.Fatalf("a snapshot has other records: %s", diff)
		}
		f.now += perp.Time(i%4) * 40 * perp.Second
		f.e.now, twin.now = f.now, f.now
		f.e.out, twin.out = nil, nil
		f.e.regradeAll(f.e.state.Markets[0])
		m := twin.state.Markets[0]
		for _, a := range twin.state.Accounts {
			for _, session := range a.Sessions {
				twin.regrade(m, session)
			}
		}
		m.Graded = twin.now
		if diff := cmp.Diff(f.e.out, twin.out); diff != "" {
			t.Fatal(diff)
		}
		if f.e.StateHash() != twin.StateHash() {
			t.Fatal("another state")
		}
	}
}
