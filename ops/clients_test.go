package ops

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"backstop/perp"

	"pgregory.net/rapid"
)

func grade(w *world, session string, class perp.Class) {
	w.do(perp.ClockTick{}, perp.ClientGraded{Session: session, Symbol: "BTC-PERP", Class: class, Why: "markout", Score: 3_100_000})
}

func look(w *world, session string, outcome perp.LookOutcome, hold perp.Time) {
	w.do(perp.ClockTick{}, perp.LastLook{
		Session: session, Account: session, Symbol: "BTC-PERP", Side: perp.Buy, Outcome: outcome, Arrival: w.at() - hold, Decided: w.at(),
	})
}

func markout(w *world, session, execID string, horizon perp.Time, move perp.Ratio) {
	w.do(perp.ClockTick{}, perp.MarkedOut{Session: session, ExecID: execID, Symbol: "BTC-PERP", Horizon: horizon, Move: move})
}

// TestClients: tier, surcharge, held orders and markouts of a session as they
// were told; strangers and unlisted markets leave nothing behind.
func TestClients(t *testing.T) {
	w := newWorld("BTC-PERP")
	grade(w, "DEMO1", perp.Class{Tier: perp.TierHeld})
	grade(w, "DEMO1", perp.Class{Tier: perp.TierPriced, Surcharge: 3 * perp.BP})
	for o := perp.LookAccepted; o <= perp.LookImproved; o++ {
		for range o {
			look(w, "DEMO1", o, perp.Millisecond)
		}
	}
	look(w, "DEMO1", perp.LookImproved+1, perp.Millisecond) // Unknown: not counted.
	markout(w, "DEMO1", "E1", 10*perp.Second, -perp.BP)
	markout(w, "DEMO1", "E1", perp.Second, 2*perp.BP)
	markout(w, "DEMO1", "E2", perp.Second, 5*perp.BP)
	markout(w, "DEMO1", "", perp.Second, 7*perp.BP)
	w.do(perp.ClockTick{}, perp.ClientGraded{Session: "DEMO1", Symbol: "ZZZ-PERP"}, perp.ClientGraded{Symbol: "BTC-PERP"}, perp.ClassQuoted{})
	got := w.Status().Clients
	if len(got) != 1 {
		t.Fatalf("%d clients: %+v", len(got), got)
	}
	text, err := json.Marshal(got[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"session":"DEMO1","symbol":"BTC-PERP","tier":"priced","surcharge":"0.0003","surcharge_units":300,"why":"markout","score":"3.1",` +
		`"score_units":3100000,"held":21,"accepted":1,"improved":6,"current":3,"refused_price":2,"refused_validity":4,"refused_expired":5,"markouts":[` +
		`{"horizon_ms":1000,"fills":2,"fills_move":"0.00035","fills_move_units":350,"refusals":1,"refusals_move":"0.0007","refusals_move_units":700},` +
		`{"horizon_ms":10000,"fills":1,"fills_move":"-0.0001","fills_move_units":-100,"refusals":0,"refusals_move":"0","refusals_move_units":0}]}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// TestClasses: the newest quote of each class that somebody is in, with parts
// that add up, and which sessions an account has.
func TestClasses(t *testing.T) {
	w := newWorld("BTC-PERP")
	held, priced := perp.Class{Tier: perp.TierHeld}, perp.Class{Tier: perp.TierPriced, Surcharge: 2 * perp.BP}
	quote := func(c perp.Class, at int64) {
		q := w.quote("BTC-PERP", price(at), 0)
		q.Class = c
		w.do(perp.OracleTick{Symbol: "BTC-PERP"}, perp.ClassQuoted{Quote: q})
	}
	tiers := func() (all string) {
		for _, q := range w.Classes().Quotes {
			sum := int64(0)
			for _, p := range q.AskParts {
				sum += p.Units
			}
			if sum != q.Asks[0].PriceUnits {
				t.Errorf("parts come to %d, the price is %d", sum, q.Asks[0].PriceUnits)
			}
			all += fmt.Sprintf("%s+%d@%s ", q.Tier, q.SurchargeUnits, q.AskParts[0].Amount)
		}
		return all
	}
	grade(w, "DEMO1", held)
	grade(w, "DEMO2", held)
	quote(held, 60_000)
	grade(w, "DEMO1", priced)
	quote(priced, 60_100)
	quote(held, 60_200)
	if got := tiers(); got != "held+0@60200 priced+200@60100 " {
		t.Errorf("quotes %s", got)
	}
	grade(w, "DEMO2", perp.Class{})
	if got := tiers(); got != "priced+200@60100 " {
		t.Errorf("after the last one left: %s", got)
	}
	w.do(perp.ClockTick{}, perp.AccountOpened{Account: "B", Sessions: []string{"DEMO2", "DEMO3"}}, perp.AccountOpened{Account: "A"})
	if got := fmt.Sprint(w.Classes().Accounts); got != "[{A []} {B [DEMO2 DEMO3]}]" {
		t.Errorf("accounts %s", got)
	}
	url, _ := serve(t, w.Model)
	if _, body := get(t, "GET", url+"/api/v1/classes"); !strings.Contains(body, `"tier":"priced","surcharge":"0.0002"`) {
		t.Error(body)
	}
	if _, body := get(t, "GET", url+"/api/v1/clients"); !strings.Contains(body, `"session":"DEMO2"`) {
		t.Error(body)
	}
}

// TestClientsHaveLimit feeds more sessions, horizons and classes than are kept.
func TestClientsHaveLimit(t *testing.T) {
	w := newWorld("BTC-PERP")
	for i := range clientsMax + 10 {
		grade(w, fmt.Sprint("S", i), perp.Class{Tier: perp.TierPriced, Surcharge: perp.Ratio(i)})
	}
	for i := range 2 * classesMax {
		q := w.quote("BTC-PERP", price(60_000), 0)
		q.Class.Surcharge = perp.Ratio(i + 1)
		w.do(perp.ClockTick{}, perp.ClassQuoted{Quote: q})
		markout(w, "S1", "E", perp.Time(i+1)*perp.Second, 1)
	}
	c := w.Classes()
	if len(c.Clients) != clientsMax || len(c.Quotes) != classesMax || len(w.clients[clientKey{"S1", "BTC-PERP"}].marks) != horizonsMax {
		t.Errorf("%d clients, %d quotes", len(c.Clients), len(c.Quotes))
	}
}

// TestRecent compares the running mean with adding up the newest moves.
func TestRecent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r recent
		var all []perp.Ratio
		for _, v := range rapid.SliceOfN(rapid.Int64Range(-500, 500), 0, 3*marksMax).Draw(t, "moves") {
			r.add(perp.Ratio(v))
			all = append(all, perp.Ratio(v))
		}
		all = all[max(0, len(all)-marksMax):]
		sum := perp.Ratio(0)
		for _, v := range all {
			sum += v
		}
		if r.count() != int64(len(all)) || r.mean() != sum/perp.Ratio(max(1, len(all))) {
			t.Fatalf("mean %d of %d, want that of %v", r.mean(), r.count(), all)
		}
	})
}
