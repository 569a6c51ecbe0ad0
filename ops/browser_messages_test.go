//go:build browser

package ops

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// spoken is a conversation about one order: placed, replaced, filled; and a refusal
// whose text is a tag.
func spoken() (all []ToldMessage) {
	at := time.Date(2026, 7, 22, 12, 0, 0, 314_159_000, time.UTC)
	n := 0
	say := func(wait time.Duration, direction, msgType, name, order string, fields ...ToldField) {
		at = at.Add(wait)
		n++
		head := []ToldField{{Tag: 35, Name: "MsgType", Value: msgType, Meaning: name}, {Tag: 34, Name: "MsgSeqNum", Value: fmt.Sprint(n)}}
		all = append(all, ToldMessage{
			ID: fmt.Sprint("message-", n), Time: at.Format(time.RFC3339Nano), AfterUS: wait.Microseconds(), Session: "DEMO1", Direction: direction,
			Number: fmt.Sprint(n), Type: msgType, Name: name, OrderID: order, Account: "DEMO1", Fields: append(head, fields...),
		})
	}
	f := func(tag int, name, value, meaning string) ToldField { return ToldField{tag, name, value, meaning} }
	say(0, "in", "D", "NewOrderSingle", "A-1", f(11, "ClOrdID", "A-1", ""), f(55, "Symbol", "BTC-PERP", ""), f(54, "Side", "1", "BUY"), f(38, "OrderQty", "2", ""), f(44, "Price", "61402.5", ""))
	say(1830*time.Microsecond, "out", "8", "ExecutionReport", "O-1", f(37, "OrderID", "O-1", ""), f(11, "ClOrdID", "A-1", ""), f(17, "ExecID", "E-1", ""), f(150, "ExecType", "0", "NEW"), f(39, "OrdStatus", "0", "NEW"))
	say(12*time.Second, "in", "G", "OrderCancelReplaceRequest", "A-2", f(11, "ClOrdID", "A-2", ""), f(41, "OrigClOrdID", "A-1", ""), f(38, "OrderQty", "1", ""))
	say(1200*time.Microsecond, "out", "8", "ExecutionReport", "O-1", f(37, "OrderID", "O-1", ""), f(11, "ClOrdID", "A-2", ""), f(41, "OrigClOrdID", "A-1", ""), f(17, "ExecID", "E-2", ""), f(150, "ExecType", "5", "REPLACED"))
	say(340*time.Millisecond, "out", "8", "ExecutionReport", "O-1", f(37, "OrderID", "O-1", ""), f(11, "ClOrdID", "A-2", ""), f(17, "ExecID", "E-3", ""), f(150, "ExecType", "F", "TRADE"), f(32, "LastQty", "1", ""), f(31, "LastPx", "61402.5", ""))
	say(time.Second, "out", "8", "ExecutionReport", "A-3", f(11, "ClOrdID", "A-3", ""), f(39, "OrdStatus", "8", "REJECTED"), f(58, "Text", "<img src=x onerror=\"window.owned=1\"> "+strings.Repeat("LONG", 40), ""))
	return all
}

func spokenSearch(_ context.Context, q Question) (Messages, error) {
	all := spoken()
	m := Messages{Messages: []ToldMessage{}, Orders: []ToldOrder{}, Since: all[0].Time}
	switch {
	case len(q.Where) > 0 && q.Where[0] == "Nonsense=1":
		return m, fmt.Errorf("%w: there is no field %q", ErrQuestion, "Nonsense")
	case q.Order == "O-1" || q.Order == "A-2":
		m.Messages = all[:5]
		m.Orders = []ToldOrder{{"O-1", "A-2", "DEMO1", "BTC-PERP", "buy", "1", "1", "filled", "", all[0].Time, all[4].Time}}
	case q.Order != "" || q.Session != "":
	case q.Before.Before(time.Date(2026, 7, 23, 0, 0, 0, 0, time.UTC)): // The second page.
		m.Messages = []ToldMessage{all[1], all[0]}
	default:
		for i := range all[1:] {
			m.Messages = append(m.Messages, all[len(all)-1-i])
		}
		m.Since, m.Cut = all[1].Time, true
	}
	return m, nil
}

// TestMessagesPage looks for messages, opens one, follows the lane of its order, asks for
// nonsense and finds nothing, by keyboard where that matters.
func TestMessagesPage(t *testing.T) {
	w := newWorld("BTC-PERP")
	walk := func(ctx context.Context, seen *seen, url string) {
		text := func(want string) { until(ctx, t, fmt.Sprintf(`document.body.innerText.includes(%q)`, want)) }
		text("5 messages, there may be more")
		text("<img src=x onerror=")
		fits(ctx, t)
		must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`.more`))))
		text("6 messages")
		if n := ask[int](ctx, t, `document.querySelectorAll(".talk > li").length`); n != 6 {
			t.Errorf("%d messages stand there after looking back, want 6", n)
		}
		until(ctx, t, `!document.querySelector(".more")`)
		must(t, chromedp.Do(ctx, chromedp.Focus(chromedp.CSS(`.talk button`)), chromedp.KeyEvent("\r")))
		until(ctx, t, `document.querySelector(".fields").innerText.includes("REJECTED")`)
		shot(ctx, t, "messages")
		must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`a[href="/messages?order=O-1"]`))))
		text("+1.8 ms")
		text("filled 1")
		if lanes := ask[string](ctx, t, `[...document.querySelectorAll(".lane .talk > li")].map((e) => e.className).join(" ")`); lanes != "in out in out out" {
			t.Errorf("the lane is %q", lanes)
		}
		fits(ctx, t)
		shot(ctx, t, "lane")
		must(t, chromedp.Do(ctx, chromedp.KeyEvent("/")))
		until(ctx, t, `document.activeElement.name === "where"`)
		must(t, chromedp.Do(ctx, chromedp.KeyEvent("Nonsense=1\r")))
		text(`there is no field "Nonsense"`)
		if ask[bool](ctx, t, `"owned" in window || document.querySelector("img[src=x]") !== null`) {
			t.Error("a text of a client became part of the page")
		}
		must(t, chromedp.Do(ctx, chromedp.Navigate(url+"/messages?order=none")))
		until(ctx, t, `document.querySelector(".empty")`)
		text("Nothing that was stored is about the order none")
		shot(ctx, t, "messages-empty")
	}
	url, s := serve(t, w.Model)
	s.find = spokenSearch
	ctx, seen := browse(t, url+"/messages", 1280, 800, false)
	walk(ctx, seen, url)
	seen.mu.Lock()
	seen.faults = nil // The refused question is an answer of 400, which the browser notes.
	seen.mu.Unlock()
	seen.clean(t, url)
}

// TestMessagesNewestQuestion: a look further back that is under way when another question
// is put ends, and a question that is put again is asked again.
func TestMessagesNewestQuestion(t *testing.T) {
	url, s := serve(t, newWorld("BTC-PERP").Model)
	var again atomic.Int64
	s.find = func(ctx context.Context, q Question) (Messages, error) {
		switch {
		case q.Session == "AGAIN":
			return Messages{Messages: spoken()[:again.Add(1)], Orders: []ToldOrder{}, Since: spoken()[0].Time}, nil
		case q.Order == "" && q.Before.Before(time.Date(2026, 7, 23, 0, 0, 0, 0, time.UTC)):
			<-ctx.Done() // As long as the page waits for it.
			return Messages{}, nil
		}
		return spokenSearch(ctx, q)
	}
	ctx, seen := browse(t, url+"/messages", 1280, 800, false)
	until(ctx, t, `document.querySelector(".more")`)
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`.more`))))
	until(ctx, t, `document.querySelector(".more").disabled`)
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`.talk a[href="/messages?order=O-1"]`))))
	until(ctx, t, `document.querySelectorAll(".lane .talk > li").length === 5`)
	must(t, chromedp.Do(ctx, chromedp.Navigate(url+"/messages?session=AGAIN")))
	until(ctx, t, `document.querySelector("#state").innerText === "1 message"`)
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`.question button`))))
	until(ctx, t, `document.querySelector("#state").innerText === "2 messages"`)
	seen.clean(t, url)
}

// TestMessagesPhone opens a lane in the dark, on a phone and wide.
func TestMessagesPhone(t *testing.T) {
	url, s := serve(t, newWorld("BTC-PERP").Model)
	s.find = spokenSearch
	ctx, seen := browse(t, url+"/messages?order=A-2", 390, 844, true)
	until(ctx, t, `document.querySelectorAll(".lane li").length === 5`)
	must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`.lane button`))))
	until(ctx, t, `document.querySelector(".fields")`)
	fits(ctx, t)
	shot(ctx, t, "lane-phone")
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800)))
	shot(ctx, t, "lane-dark")
	seen.clean(t, url)
}
