package ops

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"backstop/perp"
)

func TestReadOnly(t *testing.T) {
	url, s := serve(t, newWorld("BTC-PERP").Model)
	for _, r := range s.routes() {
		path := url + strings.NewReplacer("{$}", "", "{file...}", "app.js").Replace(r.path)
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			if answer, _ := get(t, method, path); answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %s", method, path, answer.Status)
			}
		}
		answer, body := get(t, "HEAD", path)
		if (answer.StatusCode != http.StatusOK && r.path != "/readyz") || body != "" {
			t.Errorf("HEAD %s: %s %q", path, answer.Status, body)
		}
	}
}

func TestHostAllowList(t *testing.T) {
	url, _ := serve(t, newWorld("BTC-PERP").Model)
	port := url[strings.LastIndex(url, ":"):]
	for host, want := range map[string]int{
		"127.0.0.1" + port: 200, "localhost" + port: 200, "LocalHost": 200, "127.0.0.1": 200, "[::1]" + port: 200, "[::1]": 200,
		"evil.example" + port: 403, "evil.example": 403, "127.0.0.1.evil.example": 403, "localhost.evil.example": 403,
		"0.0.0.0" + port: 403, "192.168.0.1": 403, "169.254.169.254": 403,
	} {
		if answer, _ := get(t, "GET", url+"/healthz", "Host", host); answer.StatusCode != want {
			t.Errorf("Host %s: %s, want %d", host, answer.Status, want)
		}
	}
	for mode, want := range map[string]int{"no-cors": 403, "cors": 403, "navigate": 200} {
		if answer, _ := get(t, "GET", url+"/healthz", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", mode); answer.StatusCode != want {
			t.Errorf("another site, %s: %s, want %d", mode, answer.Status, want)
		}
	}
	if answer, _ := get(t, "GET", url+"/healthz", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"); answer.StatusCode != 200 {
		t.Errorf("our own page: %s", answer.Status)
	}
}

func TestLoopbackOnly(t *testing.T) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "8.8.8.8:80"} {
		if _, err := NewServer(addr, NewModel("test"), log); !errors.Is(err, errNotLoopback) {
			t.Errorf("%s: %v", addr, err)
		}
	}
	for _, addr := range []string{"127.0.0.1", "127.0.0.1:port", "127.0.0.1:70000", ""} {
		if s, err := NewServer(addr, NewModel("test"), log); err == nil {
			t.Errorf("%q: listens on %s", addr, s.Addr())
		}
	}
	s, err := NewServer("localhost:0", NewModel("test"), log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewServer(s.Addr().String(), NewModel("test"), log); err == nil {
		t.Error("two servers on one address")
	}
	for range 2 { // It never served; stopping twice is stopping.
		if err := s.Stop(time.Second); err != nil {
			t.Error(err)
		}
	}
}

func TestHeaders(t *testing.T) {
	url, _ := serve(t, newWorld("BTC-PERP").Model)
	for _, path := range []string{"/", "/web/app.js", "/api/v1/status", "/no/such/page"} {
		answer, _ := get(t, "GET", url+path)
		for name, want := range security {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	_, page := get(t, "GET", url+"/")
	if regexp.MustCompile(`(?i)<script[^>]*>[^<]|<style|\son\w+=|https?://`).MatchString(page) {
		t.Error("the page holds a script, a style or another address")
	}
	for path, want := range map[string]int{
		"/web/vendor": 404, "/web/": 404, "/web/vendor/": 404, "/web/..%2fserver.go": 404, "/web/vendor/uPlot.iife.min.js": 200, "/no": 404, "/api/v1/": 404,
	} {
		if answer, body := get(t, "GET", url+path); answer.StatusCode != want {
			t.Errorf("%s: %s %.60s", path, answer.Status, body)
		}
	}
}

// TestLongHeaders: too much is refused or the line is cut, never answered.
func TestLongHeaders(t *testing.T) {
	url, _ := serve(t, newWorld("BTC-PERP").Model)
	r, err := http.NewRequest("GET", url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Long", strings.Repeat("x", 2*headerMax))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return // Cut before all of it was read.
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s", answer.Status)
	}
}

// TestReadiness: what the answer is, and why.
func TestReadiness(t *testing.T) {
	broken := errors.New("disk full")
	rows := []struct {
		name   string
		make   func(w *world)
		code   int
		detail string
	}{
		{"two-sided", func(w *world) { w.tick("BTC-PERP", price(60_000), 0) }, 200, ""},
		{"warming", func(*world) {}, 503, "waits for its first good price"},
		{"halted and says why", func(w *world) { w.closed(perp.Halted, perp.OracleStale) }, 200, "halted, withdrawn: ORACLE_STALE"},
		{"withdrawn without a reason", func(w *world) { w.closed(perp.Open, perp.RejectNone) }, 503, "gives no reason"},
		{"nothing turns", func(w *world) { w.tick("BTC-PERP", price(60_000), 0); w.wait(9 * perp.Second) }, 503, "ran out 8s ago"},
		{"a check fails", func(w *world) {
			w.tick("BTC-PERP", price(60_000), 0)
			w.Watch(nil, Check{"store", func() error { return broken }}, Check{"acceptor", func() error { return nil }})
		}, 503, "disk full"},
		{"books", func(w *world) {
			w.tick("BTC-PERP", price(60_000), 0)
			w.Restate([]perp.Event{perp.BalanceStated{Account: cash("A"), Balance: -1}})
		}, 503, "balances sum to -0.000001"},
	}
	for _, r := range rows {
		w := newWorld("BTC-PERP")
		r.make(w)
		url, _ := serve(t, w.Model)
		answer, body := get(t, "GET", url+"/readyz")
		var told readiness
		if err := json.Unmarshal([]byte(body), &told); err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != r.code || told.Ready != (r.code == 200) || !strings.Contains(body, r.detail) {
			t.Errorf("%s: %s %s", r.name, answer.Status, body)
		}
	}
	url, _ := serve(t, NewModel("test"))
	if answer, body := get(t, "GET", url+"/readyz"); answer.StatusCode != 503 || !strings.Contains(body, "none is listed") {
		t.Errorf("no market: %s %s", answer.Status, body)
	}
	if answer, _ := get(t, "GET", url+"/healthz"); answer.StatusCode != 200 {
		t.Errorf("health without a market: %s", answer.Status)
	}
}

// closed makes the market one that offers nothing.
func (w *world) closed(state perp.MarketState, cause perp.Reject) {
	q := w.quote("BTC-PERP", price(60_000), 0)
	q.State, q.Cause, q.Bids, q.Asks, q.BidParts, q.AskParts = state, cause, nil, nil, nil, nil
	w.do(perp.ClockTick{}, perp.QuoteChanged{Quote: q})
}

// stream reads messages of /events.
type stream struct {
	t    *testing.T
	body io.ReadCloser
	scan *bufio.Scanner
}

func listen(t *testing.T, url string) *stream {
	t.Helper()
	answer, err := http.Get(url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s %v", answer.Status, answer.Header)
	}
	s := &stream{t, answer.Body, bufio.NewScanner(answer.Body)}
	s.scan.Buffer(nil, 8<<20)
	t.Cleanup(func() { s.body.Close() })
	return s
}

// next is the next message; false at the end of the stream.
func (s *stream) next() (u update, ok bool) {
	s.t.Helper()
	for s.scan.Scan() {
		if data, found := strings.CutPrefix(s.scan.Text(), "data: "); found {
			if err := json.Unmarshal([]byte(data), &u); err != nil {
				s.t.Fatal(err)
			}
			return u, true
		}
	}
	return u, false
}

// TestEventsNewestWins: what happens between two messages is in one message,
// with the newest state; the stream ends when the server stops.
func TestEventsNewestWins(t *testing.T) {
	w := newWorld("BTC-PERP")
	w.tick("BTC-PERP", price(60_000), 0)
	s, err := NewServer("127.0.0.1:0", w.Model, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	events := listen(t, "http://"+s.Addr().String())
	first, ok := events.next()
	if !ok || !first.Whole || len(first.Points["BTC-PERP"]) != 1 {
		t.Fatalf("first message: %t %+v", ok, first.Points)
	}
	for i := range int64(500) {
		w.wait(pointGap)
		w.tick("BTC-PERP", price(60_001+i), 0)
	}
	for messages, points := 1, 0; ; messages++ {
		u, ok := events.next()
		if !ok || u.Whole {
			t.Fatalf("message %d: %t, whole %t", messages, ok, u.Whole)
		}
		points += len(u.Points["BTC-PERP"])
		if u.Status.Markets[0].Oracle == "60500" {
			if points < 500 || messages > 3 {
				t.Errorf("%d points in %d messages", points, messages)
			}
			break
		}
	}
	if err := s.Stop(5 * time.Second); err != nil {
		t.Error(err)
	}
	for {
		if _, more := events.next(); !more {
			break
		}
	}
	if n := len(w.watchers); n != 0 {
		t.Errorf("%d readers are left", n)
	}
}

// TestEventsBeatWithoutNews: a quiet gateway still sends.
func TestEventsBeatWithoutNews(t *testing.T) {
	url, _ := serve(t, newWorld("BTC-PERP").Model)
	events := listen(t, url)
	for range 2 {
		if _, ok := events.next(); !ok {
			t.Fatal("the stream ended")
		}
	}
}

// TestEventsHaveLimit: one reader too many is turned away, and its place is
// free again when another leaves.
func TestEventsHaveLimit(t *testing.T) {
	w := newWorld("BTC-PERP")
	url, _ := serve(t, w.Model)
	var ends []func()
	for range watchersMax {
		_, end, ok := w.watch()
		if !ok {
			t.Fatal("no place")
		}
		ends = append(ends, end)
	}
	if answer, _ := get(t, "GET", url+"/events"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one too many: %s", answer.Status)
	}
	ends[0]()
	if _, ok := listen(t, url).next(); !ok {
		t.Error("no message")
	}
}

// TestConnectionsHaveLimit: a connection beyond the limit waits its turn.
func TestConnectionsHaveLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limit(inner, 1)
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	for range 2 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first := <-accepted
	if n := len(l.(*limited).places); n != 1 {
		t.Errorf("%d places taken", n)
	}
	select {
	case <-accepted:
		t.Error("a second connection was accepted")
	default:
	}
	for range 2 { // A connection may be closed twice and gives one place back.
		if err := first.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
	second := <-accepted
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	<-accepted
}

// TestAPI: each part is the part of the whole view, as texts and as units.
func TestAPI(t *testing.T) {
	w := newWorld("BTC-PERP")
	w.Watch(func() []Session { return []Session{{CompID: "DEMO1"}} })
	w.deposit("DEMO1", 1_000*perp.MoneyOne)
	w.tick("BTC-PERP", price(60_000)+perp.PriceOne/4, 0)
	w.fill("BTC-PERP", "DEMO1", perp.Buy, perp.SizeOne/2, price(60_001))
	url, _ := serve(t, w.Model)
	for path, want := range map[string][]string{
		"/api/v1/status":   {`"ready":true`, `"seq":4`, `"version":"test"`},
		"/api/v1/markets":  {`"oracle":"60000.25","oracle_units":60000250000`, `"leverage_cap":"3"`, `"quote_state":"two_sided"`},
		"/api/v1/sessions": {`"comp_id":"DEMO1"`},
		"/api/v1/fills":    {`"size":"0.5","size_units":500000000`, `"price":"60001","price_units":60001000000`, `"side":"buy"`},
		"/api/v1/balances": {`"sum":"0","sum_units":0`, `"owner":"outside","account":"deposits","balance":"-1000","balance_units":-1000000000`},
	} {
		answer, body := get(t, "GET", url+path)
		if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "application/json" || !json.Valid([]byte(body)) {
			t.Errorf("%s: %s %s", path, answer.Status, body)
		}
		for _, part := range want {
			if !strings.Contains(body, part) {
				t.Errorf("%s does not say %s: %s", path, part, body)
			}
		}
	}
	bare, _ := serve(t, NewModel("test"))
	for _, path := range []string{"markets", "sessions", "fills"} {
		if _, body := get(t, "GET", bare+"/api/v1/"+path); body != "[]" {
			t.Errorf("%s of nothing: %s", path, body)
		}
	}
}

// TestOpenAPI: paths and fields in openapi.yaml are those that are served.
func TestOpenAPI(t *testing.T) {
	url, s := serve(t, newWorld("BTC-PERP").Model)
	_, doc := get(t, "GET", url+"/openapi.yaml")
	var served, told []string
	for _, r := range s.routes() {
		served = append(served, strings.NewReplacer("{$}", "", "{file...}", "{file}").Replace(r.path))
	}
	for _, m := range regexp.MustCompile(`(?m)^  (/\S*):$`).FindAllStringSubmatch(doc, -1) {
		told = append(told, m[1])
	}
	slices.Sort(served)
	slices.Sort(told)
	if !slices.Equal(served, told) {
		t.Errorf("served %q\ntold   %q", served, told)
	}
	values := []any{Status{}, Market{}, Provider{}, ProviderQuote{}, Level{}, Component{}, Session{}, Fill{}, Orders{}, Reason{}, Ledger{}, Balance{}, Client{}, Marked{}, Classes{}, Access{}, ClassQuote{}, Result{}, readiness{}, Point{}, update{},
		Messages{}, ToldMessage{}, ToldField{}, ToldOrder{}}
	for _, v := range values {
		kind := reflect.TypeOf(v)
		name := strings.ToUpper(kind.Name()[:1]) + kind.Name()[1:]
		if got, want := properties(doc, name), fields(kind); !slices.Equal(got, want) {
			t.Errorf("%s: openapi.yaml says %q, served are %q", name, got, want)
		}
	}
	if n := len(regexp.MustCompile(`(?m)^    [A-Z]\w*:$`).FindAllString(doc, -1)); n != len(values) {
		t.Errorf("%d schemas, %d served", n, len(values))
	}
}

func fields(kind reflect.Type) (all []string) {
	for f := range kind.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, name)
	}
	return all
}

// properties reads the names of a schema's properties, by their indentation.
func properties(doc, schema string) (all []string) {
	_, rest, _ := strings.Cut(doc, "\n    "+schema+":\n")
	_, rest, _ = strings.Cut(rest, "      properties:\n")
	for line := range strings.Lines(rest) {
		name, ok := strings.CutPrefix(line, "        ")
		if !ok {
			break
		}
		name, _, _ = strings.Cut(name, ":")
		all = append(all, name)
	}
	return all
}

// TestVendoredFiles: files from elsewhere are what their checksums say, each has
// its licence, and none is unaccounted for.
func TestVendoredFiles(t *testing.T) {
	const folder = "web/vendor"
	sums := map[string]string{}
	for line := range strings.Lines(read(t, folder+"/SHA256SUMS")) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("line %q", line)
		}
		sums[name] = sum
	}
	files, err := fs.ReadDir(content, folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() == "SHA256SUMS" || f.Name() == "README" {
			continue
		}
		sum := sha256.Sum256([]byte(read(t, folder+"/"+f.Name())))
		if sums[f.Name()] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s has the checksum %x", f.Name(), sum)
		}
		delete(sums, f.Name())
	}
	if len(sums) > 0 {
		t.Errorf("not there: %v", sums)
	}
}
