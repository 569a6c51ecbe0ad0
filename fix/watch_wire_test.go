package fix

import (
	"testing"

	"backstop/perp"
)

// happen lets the engine of the world say that these things happened by
// themselves.
func (w *world) happen(events ...perp.Event) {
	w.t.Helper()
	if !w.put(perp.Input{Command: happening{events}, Source: "clock"}) {
		w.t.Fatal("the inbox is full")
	}
}

// happening is a command of these tests: its events.
type happening struct{ events []perp.Event }

// Kind names it.
func (happening) Kind() string { return "happening" }

func positionsOfAlice(kind string) string {
	return "710=P1|724=0|453=1|448=ALICE|447=D|452=13|1=ALICE|581=1|715=20260722|60=20260722-12:00:00|263=" + kind + "|"
}

// What happens to an account goes to its sessions, here and away; news only to
// those who asked, as long as they are there; and all of it is kept.
func TestAccountNewsOverTheWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	alice, bob := w.login("ALICE"), w.login("BOB")
	w.happen(perp.AccountOpened{Account: "ALICE", Sessions: []string{"ALICE", "BOB"}})
	alice.send("AN", positionsOfAlice("1"))
	alice.expect("35=AO", "710=P1", "728=0", "729=0")
	alice.expect("35=AP", "710=P1", "325=N")
	funding := perp.FundingPaid{FundingID: "F-1", Account: "ALICE", Symbol: "SOL-PERP", Size: size("1"), Payment: -coin}
	w.happen(funding, perp.MarginCalled{CallID: "M-1", Account: "ALICE", Shortfall: coin})
	for _, p := range []*peer{alice, bob} {
		p.expect("35=AM", "713=F-1", "708=-1")
		p.expect("35=AX", "894=M-1-ALICE", "899=-1")
	}
	news := alice.expect("35=AP", "325=Y")
	bob.answers("no news for bob")
	alice.send("2", "7="+fieldOf(news, "34")+"|16=0|")
	alice.expect("35=AP", "325=Y", "43=Y", "721="+fieldOf(news, "721"))

	alice.send("5", "")
	alice.expect("35=5")
	alice.ended()
	funding.FundingID = "F-2"
	w.happen(funding)
	bob.expect("35=AM", "713=F-2")
	seq := alice.seq
	alice = w.dial("ALICE")
	alice.seq = seq
	alice.logon("")
	alice.expect("35=A")
	last := fieldOf(news, "34")
	alice.send("2", "7="+last+"|16=0|")
	alice.expect("35=AP", "43=Y")
	for {
		got := alice.expect()
		if fieldOf(got, "35") == "AP" && fieldOf(got, "34") != last {
			t.Fatalf("news while away: %s", got)
		}
		if fieldOf(got, "35") == "AM" && fieldOf(got, "713") == "F-2" {
			break
		}
	}
	w.happen(perp.PositionChanged{Account: "ALICE", Symbol: "SOL-PERP"})
	alice.send("AN", positionsOfAlice("2"))
	for {
		if got := alice.expect(); fieldOf(got, "35") == "AO" {
			if fieldOf(got, "729") != "2" {
				t.Errorf("the subscription outlived its session: %s", got)
			}
			break
		} else if fieldOf(got, "35") == "AP" {
			t.Fatalf("news without a subscription: %s", got)
		}
	}
}
