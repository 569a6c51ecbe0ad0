//go:build browser

package ops

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"backstop/perp"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browserEnv names the browser, shotEnv a folder that takes screenshots.
const (
	browserEnv = "BACKSTOP_CHROMIUM"
	shotEnv    = "BACKSTOP_SCREENSHOTS"
)

// seen is what the browser asked for and what it complained about.
type seen struct {
	mu       sync.Mutex
	requests []string
	faults   []string
}

func (s *seen) note(ev any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		s.requests = append(s.requests, ev.Request.URL)
	case *network.EventWebSocketCreated:
		s.requests = append(s.requests, ev.URL)
	case *runtime.EventExceptionThrown:
		s.faults = append(s.faults, fmt.Sprintf("exception: %+v", ev.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning {
			s.faults = append(s.faults, fmt.Sprintf("console: %+v", ev.Args))
		}
	case *log.EventEntryAdded:
		s.faults = append(s.faults, fmt.Sprintf("%s: %s %s", ev.Entry.Level, ev.Entry.Text, ev.Entry.URL))
	}
}

// lacks ends a test that cannot run here; where nothing may be missing, it fails.
func lacks(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("BACKSTOP_REQUIRE") != "" {
		t.Fatal("needs " + what)
	}
	t.Skip("needs " + what)
}

// browse opens a page in a browser with a profile of its own.
func browse(t *testing.T, url string, width, height int64, dark bool) (context.Context, *seen) {
	t.Helper()
	program := os.Getenv(browserEnv)
	if program == "" {
		found, err := exec.LookPath("chromium")
		if err != nil {
			lacks(t, "the Debian package chromium, or its path in "+browserEnv)
		}
		program = found
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, stopProcess := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopTab := chromedp.NewContext(ctx)
	ctx, stopClock := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(func() { stopClock(); stopTab(); stopProcess() })
	s := &seen{}
	must(t, chromedp.Listen(ctx, s.note))
	call(ctx, t, network.Enable, network.EnableParams{})
	call(ctx, t, log.Enable, cdp.Empty{})
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, height), chromedp.Navigate(url)))
	return ctx, s
}

func call[P, R any](ctx context.Context, t *testing.T, c cdp.Command[P, R], params P) {
	t.Helper()
	_, err := chromedp.Call(ctx, c, params)
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition in the page.
func until(ctx context.Context, t *testing.T, condition string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool]("!!("+condition+")")); err != nil {
		body, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
		t.Fatalf("waited for %s: %v\n%s", condition, err, body)
	}
}

func ask[T any](ctx context.Context, t *testing.T, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	must(t, err)
	return v
}

// fits fails if the page must be scrolled sideways; tables may, in their boxes.
func fits(ctx context.Context, t *testing.T) {
	t.Helper()
	const wide = `[...document.querySelectorAll("body *")].filter((e) => !e.closest(".scroll") && e.getBoundingClientRect().right > innerWidth + 1)
		.map((e) => e.tagName + "." + e.className + " " + e.innerText?.slice(0, 40)).join("; ")`
	if found := ask[string](ctx, t, wide); found != "" {
		t.Errorf("wider than the window: %s", found)
	}
}

// shot keeps a picture of the page, if a folder for pictures is named.
func shot(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	must(t, err)
	if len(b) < 10_000 {
		t.Errorf("%s: a picture of %d bytes shows nothing", name, len(b))
	}
	if dir := os.Getenv(shotEnv); dir != "" {
		must(t, os.WriteFile(filepath.Join(dir, name+".png"), b, 0o644))
	}
}

// clean fails if a request left the origin or the browser complained.
func (s *seen) clean(t *testing.T, origin string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) < 5 {
		t.Errorf("only %d requests were seen: the page was not loaded", len(s.requests))
	}
	for _, r := range s.requests {
		if !strings.HasPrefix(r, origin+"/") {
			t.Errorf("a request left the origin: %s", r)
		}
	}
	for _, f := range s.faults {
		t.Errorf("the browser complains: %s", f)
	}
}

// walk moves three markets about for the last minutes, with fills and money.
func walk(w *world) {
	now := w.clock.Load()
	w.wait(-290 * perp.Second)
	for _, a := range []string{"DEMO1", "DEMO2", "DEMO3", "DEMO4"} {
		w.deposit(a, 1_000_000*perp.MoneyOne)
	}
	prices := []int64{61_409, 3_120, 148}
	for i := int64(0); w.clock.Load() < now; i++ {
		for k, s := range w.order {
			prices[k] += (i*7919+int64(k)*31)%5 - 2 + (i/90)%3 - 1
			w.tick(s, price(prices[k])+perp.Price(i%7)*73_210, perp.Size(i%60-20)*perp.SizeOne/3)
		}
		if i%40 == 7 {
			w.fill(w.order[i%3], fmt.Sprintf("DEMO%d", i/40%4+1), perp.Buy+perp.Side(i/40%2), perp.SizeOne/2, price(prices[i%3]))
		}
		w.wait(300 * perp.Millisecond)
	}
	grade(w, "DEMO1", perp.Class{})
	grade(w, "DEMO2", perp.Class{Tier: perp.TierPriced, Surcharge: 4 * perp.BP})
	look(w, "DEMO2", perp.LookAgainst, 120*perp.Millisecond)
	for i, h := range []perp.Time{100 * perp.Millisecond, perp.Second, 10 * perp.Second, 60 * perp.Second} {
		markout(w, "DEMO2", "E", h, perp.Ratio(i+2)*perp.BP)
	}
	bad := perp.Order{ClOrdID: "late", Symbol: w.order[0], Side: perp.Buy, Type: perp.Limit}
	w.do(perp.PlaceOrder{}, perp.OrderRejected{Order: bad, Verdict: perp.Verdict{Reject: perp.PriceBand}})
	w.clock.Store(now)
}

// demoSessions is what a door would tell.
func demoSessions() []Session {
	stamp := time.Now().UTC().Format(time.RFC3339Nano)
	return []Session{
		{CompID: "DEMO1", Up: true, Addr: "127.0.0.1:40112", InSeq: 218, OutSeq: 1042, LastIn: stamp, LastOut: stamp},
		{CompID: "DEMO2", Up: true, Addr: "127.0.0.1:40114", InSeq: 77, OutSeq: 312, Queue: 2048, LastIn: stamp, LastOut: stamp},
		{CompID: "DEMO3", InSeq: 1, OutSeq: 1}, {CompID: "DEMO4", InSeq: 1, OutSeq: 1}, {CompID: "DEMODC", InSeq: 1, OutSeq: 1},
	}
}

// TestPageMoves opens the page, waits for a real point on the plot and for the
// next one, and looks at what the page says.
func TestPageMoves(t *testing.T) {
	w := newWorld("BTC-PERP", "ETH-PERP", "SOL-PERP")
	w.Watch(demoSessions)
	walk(w)
	url, _ := serve(t, w.Model)
	ctx, seen := browse(t, url+"/", 1280, 800, false)
	until(ctx, t, `document.querySelector(".plot canvas") && document.querySelector(".plot").dataset.points > 100`)
	last := ask[string](ctx, t, `document.querySelector(".plot").dataset.last`)
	inked := `document.querySelector(".plot canvas").toDataURL()`
	before := ask[string](ctx, t, inked)
	blank := `(() => { const c = document.querySelector(".plot canvas"); const b = document.createElement("canvas");
		b.width = c.width; b.height = c.height; return b.toDataURL(); })()`
	if before == ask[string](ctx, t, blank) {
		t.Error("the plot is empty")
	}
	w.wait(900 * perp.Millisecond)
	w.tick("BTC-PERP", price(61_420), 4*perp.SizeOne)
	until(ctx, t, `document.querySelector(".plot").dataset.last > `+last)
	until(ctx, t, fmt.Sprintf("%s !== %q", inked, before))
	for _, want := range []string{"live", "ready", "ledger sum 0", "61,420.0", "✓ adds up", "priced", "DEMO2", "PRICE_BAND", "of 3"} {
		until(ctx, t, fmt.Sprintf(`document.body.innerText.includes(%q)`, want))
	}
	fits(ctx, t)
	if hidden := ask[bool](ctx, t, `[...document.querySelectorAll(".scroll")].some((e) => e.scrollWidth > e.clientWidth)`); hidden {
		t.Error("a table is cut off at the usual width")
	}
	shot(ctx, t, "desk")
	w.do(perp.ClockTick{}, perp.QuoteChanged{Quote: perp.Quote{
		Symbol: "ETH-PERP", Version: 1 << 40, Time: w.at(), ValidUntil: w.at() + perp.Second, State: perp.Halted, Cause: perp.OracleStale, Oracle: price(3_120), OracleTime: w.at() - 12*perp.Second,
	}})
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`a[href="#ETH-PERP"]`))))
	until(ctx, t, `document.querySelector("section.market h2").innerText.includes("ORACLE_STALE")`)
	shot(ctx, t, "halted")
	seen.clean(t, url)
}

// TestPagePhone opens the page on a phone in the dark.
func TestPagePhone(t *testing.T) {
	w := newWorld("BTC-PERP", "ETH-PERP", "SOL-PERP")
	w.Watch(demoSessions)
	walk(w)
	url, _ := serve(t, w.Model)
	ctx, seen := browse(t, url+"/", 390, 844, true)
	until(ctx, t, `document.querySelector(".plot canvas")`)
	fits(ctx, t)
	shot(ctx, t, "phone")
	must(t, chromedp.Do(ctx, chromedp.ScrollIntoView(chromedp.CSS(".boxes"))))
	shot(ctx, t, "phone-below")
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)))
	until(ctx, t, `document.querySelector(".plot canvas").clientWidth > 450`)
	shot(ctx, t, "dark")
	seen.clean(t, url)
}

// TestPageHostileText: C13. A client whose every text is a tag or a script is shown as
// it is called, and nothing of it runs.
func TestPageHostileText(t *testing.T) {
	url, _ := serve(t, hostileWorld().Model)
	ctx, seen := browse(t, url+"/", 1280, 800, false)
	until(ctx, t, `document.body.innerText.includes("<img src=x onerror=")`)
	until(ctx, t, `document.body.innerText.includes("<script>window.owned=1</script>")`)
	if ask[bool](ctx, t, `"owned" in window || document.querySelector("img[src=x]") !== null`) {
		t.Error("a text of a client became part of the page")
	}
	if n := ask[int](ctx, t, `document.querySelectorAll("script:not([src])").length`); n != 0 {
		t.Errorf("%d scripts stand in the page", n)
	}
	shot(ctx, t, "hostile")
	seen.clean(t, url)
}

// TestPageEmpty opens the page of a gateway that has nothing to show, and takes
// the gateway away.
func TestPageEmpty(t *testing.T) {
	w := newWorld("BTC-PERP")
	url, s := serve(t, w.Model)
	ctx, seen := browse(t, url+"/", 1280, 800, false)
	for _, want := range []string{"not ready", "No price yet", "--symbol BTC-PERP --buy 0.5", "No session is configured", "No account has a balance"} {
		until(ctx, t, fmt.Sprintf(`document.body.innerText.includes(%q)`, want))
	}
	shot(ctx, t, "empty")
	seen.clean(t, url)
	must(t, s.Stop(5*time.Second))
	until(ctx, t, `document.querySelector("#live").innerText.includes("reconnecting")`)
	shot(ctx, t, "lost")
}
