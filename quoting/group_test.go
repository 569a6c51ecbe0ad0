package quoting

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"backstop/perp"
)

// eager is the dumb rule: whatever an order does to the records of its session and
// firms is done to each of them at once.
type eager struct{ sessions, firms Roster }

func (d *eager) records(session string, firms []string) []*Client {
	for _, f := range firms {
		d.firms.find(f)
	}
	all := []*Client{d.sessions.of(session)}
	for _, f := range firms {
		all = append(all, d.firms.of(f))
	}
	return all
}

func (d *eager) room(session string, firms []string, cap perp.Money, now perp.Time) perp.Money {
	room := cap
	for _, c := range d.records(session, firms) {
		c.leak(cap, now)
		room = min(room, cap-c.Dealt)
	}
	return max(0, room)
}

// drawTies gives each session the firms that it trades for: many share some.
func drawTies(t *rapid.T) map[string][]string {
	ties := map[string][]string{}
	for _, session := range []string{"s0", "s1", "s2", "s3"} {
		for f := range 8 {
			if rapid.IntRange(0, 2).Draw(t, "tied") > 0 {
				ties[session] = append(ties[session], fmt.Sprint("f", f))
			}
		}
	}
	return ties
}

// TestGroupsAgainstTheDumbRule: buckets and strikes of a session and of all firms
// that it trades for are to the unit those of records that are each changed at
// once, whoever shares firms with whom, also after accounts, parameters or the
// market itself became others.
func TestGroupsAgainstTheDumbRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, d, now, ties := New(btc, DefaultParams()), &eager{}, perp.Time(1_000*perp.Second), drawTies(t)
		m.Fund(1_000_000 * perp.MoneyOne)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			session := fmt.Sprint("s", rapid.IntRange(0, 3).Draw(t, "session"))
			firms := ties[session]
			now += perp.Time(rapid.Int64Range(0, int64(perp.Second)).Draw(t, "pause"))
			switch what := rapid.IntRange(0, 9).Draw(t, "what"); what {
			case 0, 1, 2, 3:
				amount := perp.Money(rapid.Int64Range(0, 50_000*int64(perp.MoneyOne)).Draw(t, "amount"))
				m.Dealt(session, firms, amount, now)
				for _, c := range d.records(session, firms) {
					c.leak(m.bucket(), now)
					c.Dealt = perp.Add(c.Dealt, amount)
				}
			case 4, 5:
				cap := m.bucket()
				want := perp.Money(leverageTop) * perp.MoneyOne
				if cap > 0 {
					want = d.room(session, firms, cap, now)
				}
				if have := m.Room(session, firms, now); have != want {
					t.Fatalf("room of %s is %d, want %d", session, have, want)
				}
			case 6:
				var want perp.Time
				for _, c := range d.records(session, firms) {
					want = max(want, c.Struck)
				}
				if have := m.Standing(session, firms, now).Until; have != want {
					t.Fatalf("%s is struck until %d, want %d", session, have, want)
				}
			case 7:
				if len(firms) > 0 { // A strike may be shorter than the one before.
					f, until := firms[rapid.IntRange(0, len(firms)-1).Draw(t, "firm")], now+perp.Time(rapid.Int64Range(0, 50).Draw(t, "strike"))
					d.firms.of(f).Struck = until
					m.Firms.strike(m.Firms.of(f), until)
				}
			case 8:
				if rapid.Bool().Draw(t, "fewer") {
					ties = drawTies(t)
				}
				m.Params.FillBucket = perp.Ratio(rapid.IntRange(0, 3).Draw(t, "bucket")) * perp.RatioOne
			case 9:
				again := roundTrip(t, m)
				if diff := cmp.Diff(again.Firms.Clients, d.firms.Clients); diff != "" {
					t.Fatalf("firms: %s", diff)
				}
				if diff := cmp.Diff(again.Sessions.Clients, d.sessions.Clients); diff != "" {
					t.Fatalf("sessions: %s", diff)
				}
				if rapid.Bool().Draw(t, "restarted") {
					m = again
				}
			}
		}
	})
}

func roundTrip(t rapid.TB, m *Market) *Market {
	m.CatchUp()
	data, err := json.Marshal(m)
	again := &Market{}
	if err == nil {
		err = json.Unmarshal(data, again)
	}
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// TestManyFirmsAreOneClass: what an order looks at does not grow with the firms
// that its session trades for, only with how differently sessions share them.
func TestManyFirmsAreOneClass(t *testing.T) {
	m, now := New(btc, DefaultParams()), perp.Time(1_000*perp.Second)
	m.Fund(1_000_000 * perp.MoneyOne)
	var firms []string
	for i := range 10_000 {
		firms = append(firms, fmt.Sprint("f", i))
	}
	m.Dealt("all", firms, perp.MoneyOne, now)
	m.Dealt("one", firms[7:8], perp.MoneyOne, now)
	m.Dealt("some", firms[5:50], perp.MoneyOne, now)
	if n := len(m.groups["all"].classes); n != 3 {
		t.Errorf("%d classes", n)
	}
	m.Dealt("all", firms, perp.MoneyOne, now)
	read := func() (dealt []perp.Money) {
		for _, c := range m.Firms.Clients {
			dealt = append(dealt, c.Dealt/perp.MoneyOne)
		}
		return slices.Compact(dealt)
	}
	if have := read(); slices.Equal(have, []perp.Money{2, 3, 4, 3, 2}) {
		t.Error("each record was written for an order")
	}
	m.Firms.settle()
	if have := read(); !slices.Equal(have, []perp.Money{2, 3, 4, 3, 2}) {
		t.Errorf("dealt %v", have)
	}
}
