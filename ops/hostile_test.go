package ops

import (
	"encoding/json"
	"strings"
	"testing"

	"backstop/perp"
)

// hostile is a text that would run in a page, break a stream, or steer a terminal.
const hostile = `<img src=x onerror="window.owned=1"><script>window.owned=1</script>'"&` + "\n\ndata: {}\n\x1b[2J"

// hostileWorld has a client whose every text is hostile: what it is called, what it
// trades for, why it was shut out, what it was refused for.
func hostileWorld() *world {
	w := newWorld("BTC-PERP")
	w.Watch(func() []Session { return []Session{{CompID: hostile, Up: true, Addr: hostile, Disabled: hostile}} },
		Check{Name: hostile, Ask: func() error { return nil }})
	w.deposit(hostile, 1_000*perp.MoneyOne)
	w.tick("BTC-PERP", price(60_000), perp.SizeOne)
	w.fill("BTC-PERP", hostile, perp.Buy, perp.SizeOne, price(60_001))
	bad := perp.Order{ClOrdID: hostile, Account: hostile, Symbol: "BTC-PERP", Side: perp.Buy, Type: perp.Limit}
	w.do(perp.PlaceOrder{}, perp.OrderRejected{Order: bad, Verdict: perp.Verdict{Reject: perp.PriceBand, Detail: hostile}})
	grade(w, hostile, perp.Class{Tier: perp.TierPriced})
	return w
}

// TestHostileText: C13. In JSON and in the stream a hostile text is data: no tag
// stands in the answer, its type is told, and the stream has one line a message.
func TestHostileText(t *testing.T) {
	url, _ := serve(t, hostileWorld().Model)
	for _, path := range []string{"/api/v1/status", "/api/v1/sessions", "/api/v1/fills", "/readyz", "/metrics"} {
		answer, body := get(t, "GET", url+path)
		kind := answer.Header.Get("Content-Type")
		if path == "/metrics" {
			if !strings.HasPrefix(kind, "text/plain") {
				t.Errorf("%s: %s", path, kind)
			}
		} else if kind != "application/json" || strings.ContainsAny(body, "<>\x1b") {
			t.Errorf("%s: %s %.300s", path, kind, body)
		}
		if answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", path)
		}
	}
	lines := listen(t, url).scan
	for lines.Scan() {
		text, is := strings.CutPrefix(lines.Text(), "data: ")
		if !is {
			continue
		}
		var u update
		if err := json.Unmarshal([]byte(text), &u); err != nil || strings.ContainsAny(text, "<>\x1b") {
			t.Errorf("a message of the stream: %v %.300s", err, text)
		}
		if len(u.Status.Sessions) != 1 || u.Status.Sessions[0].CompID != hostile {
			t.Errorf("the session came as %+v", u.Status.Sessions)
		}
		return
	}
	t.Fatalf("no message came: %v", lines.Err())
}

// TestAttacksFromAPage: C13. What a page of another site, or a name that was pointed
// here, can make a browser ask for is refused on every route.
func TestAttacksFromAPage(t *testing.T) {
	url, s := serve(t, newWorld("BTC-PERP").Model)
	port := url[strings.LastIndex(url, ":"):]
	for _, c := range []struct {
		name, method string
		want         int
		headers      []string
	}{
		{"a name that was pointed here", "GET", 403, []string{"Host", "desk.evil.example" + port}},
		{"its post", "POST", 403, []string{"Host", "desk.evil.example" + port, "Origin", "http://desk.evil.example" + port, "Sec-Fetch-Site", "same-origin"}},
		{"a form of another site", "POST", 403, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Content-Type", "text/plain"}},
		{"a form that is followed", "POST", 405, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}},
		{"a form of an old browser", "POST", 405, []string{"Origin", "https://evil.example", "Content-Type", "application/x-www-form-urlencoded"}},
		{"a script of another site", "GET", 403, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"}},
		{"its preflight", "OPTIONS", 403, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Access-Control-Request-Method", "PUT"}},
		{"an image of another site", "GET", 403, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}},
		{"no name at all", "GET", 403, []string{"Host", "169.254.169.254"}},
	} {
		for _, r := range s.routes() {
			path := url + strings.NewReplacer("{$}", "", "{file...}", "app.js").Replace(r.path)
			answer, _ := get(t, c.method, path, c.headers...)
			if answer.StatusCode != c.want || answer.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s, %s %s: %s, want %d", c.name, c.method, r.path, answer.Status, c.want)
			}
		}
	}
}
