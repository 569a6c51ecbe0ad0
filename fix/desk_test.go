package fix

import (
	"fmt"
	"strings"
	"testing"

	"backstop/perp"
)

func always(string) bool { return true }
func never(string) bool  { return false }

const stream = "V|262=MD1|263=1|264=1|265=1|267=2|269=0|269=1|146=1|55=SOL-PERP|"

func ask(t *testing.T, k *desk, text string) []string {
	t.Helper()
	replies, rej := k.local(inbound(text), "ACME", testTime)
	if rej != nil {
		return []string{fmt.Sprintf("business=%v reason=%d %s", rej.IsBusinessReject(), rej.RejectReason(), rej)}
	}
	var out []string
	for _, m := range replies {
		out = append(out, plain(m))
	}
	return out
}

func publish(k *desk, ready func(string) bool, events ...perp.Event) (out []string) {
	for _, m := range k.publish([]perp.Entry{{Time: testTime, Events: events}}, ready) {
		out = append(out, plain(m.msg))
	}
	return out
}

func TestStreamStartsWithASnapshotAndWakesTheLoop(t *testing.T) {
	woken := 0
	k := testDesk()
	k.wake = func() { woken++ }
	if got := ask(t, k, stream); len(got) != 0 || woken != 1 {
		t.Fatalf("got %v, woken %d times", got, woken)
	}
	if got := publish(k, always); len(got) != 1 || !strings.HasPrefix(got[0], "35=W|") {
		t.Errorf("first publish: %v", got)
	}
	if got := publish(k, always); len(got) != 0 {
		t.Errorf("nothing changed, but: %v", got)
	}
}

// A session that is not ready misses nothing but what is no longer true.
func TestNewestWins(t *testing.T) {
	k := testDesk()
	ask(t, k, stream)
	publish(k, always)
	for v := range int64(50) {
		if got := publish(k, never, perp.QuoteChanged{Quote: testQuote(100+v, "149", "151")}); len(got) != 0 {
			t.Fatalf("sent to a session that is not ready: %v", got)
		}
	}
	got := publish(k, always)
	if len(got) != 1 || !strings.Contains(got[0], "299=Q149B") || strings.Contains(got[0], "299=Q148B") {
		t.Errorf("got %v", got)
	}
}

func TestDepthAndEmptiedBook(t *testing.T) {
	k := testDesk()
	ask(t, k, stream)
	publish(k, always)
	first := publish(k, always, perp.QuoteChanged{Quote: testQuote(7, "149", "151")})
	if len(first) != 1 || !strings.Contains(first[0], "268=2|") || strings.Contains(first[0], "290=2") {
		t.Errorf("depth 1: %v", first)
	}
	gone := publish(k, always, perp.QuoteChanged{Quote: testQuote(8, "", "")})
	if len(gone) != 1 || strings.Count(gone[0], "279=2") != 2 || !strings.Contains(gone[0], "299=Q7A") {
		t.Errorf("emptied: %v", gone)
	}
	full := strings.ReplaceAll(strings.ReplaceAll(stream, "265=1", "265=0"), "MD1", "MD2")
	ask(t, k, full)
	publish(k, always, perp.QuoteChanged{Quote: testQuote(9, "149", "151")})
	if got := publish(k, always, perp.QuoteChanged{Quote: testQuote(10, "", "")}); len(got) != 2 || !strings.HasSuffix(got[1], "268=0|") {
		t.Errorf("snapshots: %v", got)
	}
}

func TestMarketDataRefusals(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{with(stream, 55, "NONE-PERP"), "281=0|"}, {with(stream, 263, "3"), "281=4|"}, {with(stream, 264, "1001"), "281=5|"},
		{with(stream, 265, ""), "281=6|"}, {with(stream, 265, "2"), "281=6|"}, {"V|262=M|263=0|264=0|267=1|269=4|146=1|55=SOL-PERP|", "281=8|"},
		{"V|262=M|263=0|264=0|146=1|55=SOL-PERP|", "281=8|"}, {"V|262=M|263=0|264=0|267=1|269=0|", "281=0|"},
		{"V|262=M|263=0|264=0|267=1|269=0|146=51|" + strings.Repeat("55=SOL-PERP|", 51), "281=2|"},
		{"V|262=M|263=2|264=0|", "business=true reason=1 "}, {with(stream, 264, "-1"), "business=false reason=5 "},
		{with(stream, 264, "x"), "business=false reason=6 "}, {with(stream, 262, strings.Repeat("x", 65)), "business=false reason=5 "},
		{with(stream, 264, ""), "business=false reason=1 "},
	} {
		k := testDesk()
		if got := ask(t, k, c.text); len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%.80s: got %v, want %s", c.text, got, c.want)
		}
		if got := publish(k, always); len(got) != 0 {
			t.Errorf("%.80s: refused, and yet: %v", c.text, got)
		}
	}
}

func TestSubscriptionLimitAndEnd(t *testing.T) {
	k := testDesk()
	for i := range bookSubscriptionsMax {
		if got := ask(t, k, with(stream, 262, fmt.Sprint("M", i))); len(got) != 0 {
			t.Fatal(got)
		}
	}
	if got := ask(t, k, stream); len(got) != 1 || !strings.Contains(got[0], "281=2|") {
		t.Errorf("over the limit: %v", got)
	}
	if got := ask(t, k, "V|262=M0|263=2|264=0|"); len(got) != 0 {
		t.Errorf("end of a stream: %v", got)
	}
	if got := ask(t, k, stream); len(got) != 0 {
		t.Errorf("after an end: %v", got)
	}
	k.forget("ACME")
	if got := publish(k, always, perp.QuoteChanged{Quote: testQuote(7, "149", "151")}); len(got) != 0 {
		t.Errorf("sent after logout: %v", got)
	}
}

func TestStatusRequests(t *testing.T) {
	k := testDesk()
	for _, c := range []struct{ text, want string }{
		{"e|324=S|55=SOL-PERP|263=0|", "326=17|"}, {"e|324=S|55=BTC-PERP|263=0|", "326=21|"}, {"e|324=S|55=X|263=1|", "326=20|"},
		{"e|324=S|55=SOL-PERP|263=2|", "business=true reason=1 "}, {"e|324=S|55=SOL-PERP|263=9|", "business=false reason=5 "},
		{"e|324=S|55=SOL-PERP|", "business=false reason=1 "}, {"x|320=L|559=0|", "560=1|"}, {"x|320=L|559=1|", "560=1|"},
		{"x|320=L|559=0|55=BTC-PERP|", "393=1|146=1|55=BTC-PERP|"}, {"x|559=4|", "business=false reason=1 "},
	} {
		if got := ask(t, k, c.text); len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%s: got %v, want %s", c.text, got, c.want)
		}
	}
	ask(t, k, "e|324=S|55=SOL-PERP|263=1|")
	publish(k, always)
	ask(t, k, "e|324=S|55=SOL-PERP|263=2|")
	if got := publish(k, always, perp.StateChanged{Symbol: "SOL-PERP", To: perp.Halted}); len(got) != 0 {
		t.Errorf("sent after the end: %v", got)
	}
}
