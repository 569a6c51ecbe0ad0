package fix

import (
	"fmt"
	"strings"
	"testing"

	"backstop/perp"
)

// TestUserRequest: a session is told how it stands, of nobody else, and changes
// nothing.
func TestUserRequest(t *testing.T) {
	k := testDesk()
	k.users["ACME"] = userFacts{name: "acme", orders: 200, roles: []string{roleTrade, roleMarket}}
	k.users["BOB"] = userFacts{name: "bob"}
	k.publish([]perp.Entry{{Time: testTime, Events: []perp.Event{
		perp.ClientGraded{Session: "ACME", Symbol: "SOL-PERP", Class: perp.Class{Tier: perp.TierPriced}, Until: testTime + 1, Why: "markout", Since: testTime},
	}}}, func(string) bool { return false })
	const stands = "md_subscriptions=50 account_subscriptions=50 quote_streams=20 BTC-PERP max_order=5000 tier=%d last_look=off SOL-PERP max_order=5000 tier=%d last_look=%s%s"
	for _, c := range []struct{ session, text, want string }{
		{"ACME", "BE|923=U1|924=4|553=acme|", "35=BF|923=U1|553=acme|926=1|927=roles=trade,md orders_per_second=200 cancels_per_second=2000 quotes_per_second=200 md_per_second=200 queries_per_second=200 " + fmt.Sprintf(stands, 0, 2, "on", " reason=markout since=20260722-12:00:00.341") + "|"},
		{"BOB", "BE|923=U2|924=4|553=bob|", "35=BF|923=U2|553=bob|926=1|927=roles=trade orders_per_second=any cancels_per_second=any quotes_per_second=any md_per_second=any queries_per_second=any " + fmt.Sprintf(stands, 0, 0, "off", "") + "|"},
		{"BOB", "BE|923=U3|924=4|553=acme|", "35=BF|923=U3|553=acme|926=3|"},
		{"BOB", "BE|923=U9|924=4|553=bob|58=please|", "35=BF|923=U9|553=bob|926=6|927=UNSUPPORTED tag=58|"},
		{"BOB", "BE|923=U10|924=4|553=acme|58=please|", "35=BF|923=U10|553=acme|926=3|"},
		{"BOB", "BE|923=U4|924=4|553=nobody|", "35=BF|923=U4|553=nobody|926=3|"},
		{"BOB", "BE|923=U5|924=3|553=bob|554=***|925=***|", "35=BF|923=U5|553=bob|926=6|927=UNSUPPORTED the desk changes passwords|"},
		{"BOB", "BE|923=U6|924=1|553=bob|", "35=BF|923=U6|553=bob|926=6|927=UNSUPPORTED a Logon or a Logout does that|"},
		{"BOB", "BE|923=U7|924=2|553=bob|", "35=BF|923=U7|553=bob|926=6|927=UNSUPPORTED a Logon or a Logout does that|"},
	} {
		replies, rej := k.local(inbound(c.text), c.session, testTime)
		if rej != nil || len(replies) != 1 || plain(replies[0]) != c.want {
			t.Errorf("%s: %v, %v; want %s", c.text, replies, rej, c.want)
			continue
		}
		if err := validate(outbound(replies[0]), stock(t)); err != nil {
			t.Errorf("%s: a stock client refuses the answer: %v", c.text, err)
		}
	}
	for text, tag := range map[string]int{"BE|924=4|553=bob|": 923, "BE|923=U|553=bob|": 924, "BE|923=U|924=4|": 553, "BE|923=U|924=5|553=bob|": 924} {
		if _, rej := k.local(inbound(text), "BOB", testTime); rej == nil || rej.RefTagID() == nil || int(*rej.RefTagID()) != tag {
			t.Errorf("%s: %v, want a reject of %d", text, rej, tag)
		}
	}
	// Many markets do not make a long text.
	var events []perp.Event
	for i := range userMarketsMax {
		inst := testInstrument
		inst.Symbol = fmt.Sprintf("M%02d-PERP", i)
		events = append(events, perp.MarketListed{Instrument: inst})
	}
	k.restate(events)
	replies, _ := k.local(inbound("BE|923=U8|924=4|553=bob|"), "BOB", testTime)
	if got := plain(replies[0]); !strings.HasSuffix(got, " and 2 more|") || strings.Count(got, "tier=") != userMarketsMax {
		t.Errorf("many markets: %s", got)
	}
}
