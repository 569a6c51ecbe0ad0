package acceptance

import (
	"context"
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// told is what the page's search answers.
type told struct {
	Messages []struct {
		Time      time.Time
		Session   string
		Direction string
		Type      string
		OrderID   string `json:"order_id"`
		Fields    []struct {
			Tag                  int
			Name, Value, Meaning string
		}
	}
	Orders []struct {
		OrderID string `json:"order_id"`
		Status  string
	}
	Since string
	Cut   bool
}

// shape is who said what: in/D out/8 …
func (m told) shape() (all []string) {
	for _, one := range m.Messages {
		all = append(all, one.Direction+"/"+one.Type)
	}
	return all
}

// speak places an order, replaces and cancels it, and deals with another one, whose fills
// it returns.
func speak(ctx context.Context, t *testing.T, g *Gateway, c leaver) (execs []string) {
	t.Helper()
	if _, err := c.Logon(ctx, g.FIX); err != nil {
		t.Fatal(err)
	}
	waitForQuotes(ctx, t, c.Client, "MD", newAnswers())
	c.place(ctx, t, "L-1")
	send := func(msgType, id, orig string) {
		t.Helper()
		if err := c.Send(msgType, "11="+id, "41="+orig, "55=BTC-PERP", "54=1", "60="+Now(), "38=0.002", "40=2", "44=57000", "59=1"); err != nil {
			t.Fatal(err)
		}
	}
	send("G", "L-2", "L-1")
	c.until(ctx, t, "L-2", "5")
	if err := c.Send("F", "11=L-3", "41=L-2", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.002"); err != nil {
		t.Fatal(err)
	}
	for {
		f, err := c.NextOf(ctx, "8")
		if err != nil {
			t.Fatal(err)
		}
		if f.Get(39) == "4" {
			break
		}
	}
	execs, _, _ = fill(ctx, t, c.Client, "L-4", "1", "0.002")
	return execs
}

// TestMessagesOfAnOrder: the page has the whole lane of an order by each of its ids, with
// the requests that led to it, while the gateway runs; pages of a search meet without a
// gap; a question that cannot be read is refused.
func TestMessagesOfAnOrder(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	g := startGateway(t, demoArgs(filepath.Join(t.TempDir(), "data"))...)
	c := leaver{NewClient("DEMO1", "BACKSTOP", "DEMO1", "demo"), map[string]int{}}
	execs := speak(ctx, t, g, c)
	// What a client hears is durable, and so in the store.
	find := func(query url.Values) (m told) {
		t.Helper()
		code, text := page(ctx, t, g, "/api/v1/messages?"+query.Encode())
		if err := json.Unmarshal([]byte(text), &m); code != 200 || err != nil {
			t.Fatalf("%v: %d %s (%v)", query, code, text, err)
		}
		return m
	}
	lane := []string{"in/D", "out/8", "in/G", "out/8", "in/F", "out/8"}
	var orderID string
	for _, id := range []string{"L-1", "L-2", "L-3", ""} {
		if id == "" {
			id = orderID
		}
		m := find(url.Values{"order": {id}, "session": {"DEMO1"}})
		if !slices.Equal(m.shape(), lane) || len(m.Orders) != 1 || m.Orders[0].Status != "canceled" || m.Cut {
			t.Fatalf("lane of %s: %q, %+v", id, m.shape(), m.Orders)
		}
		orderID = m.Orders[0].OrderID
		for i := range m.Messages[1:] {
			if m.Messages[i+1].Time.Before(m.Messages[i].Time) || m.Messages[i].Session != "DEMO1" {
				t.Errorf("lane of %s: message %d of %+v", id, i, m.Messages)
			}
		}
	}
	if m := find(url.Values{"order": {execs[0]}, "session": {"DEMO1"}, "type": {"8"}, "where": {"ExecType=F"}}); len(m.Messages) != len(execs) || m.Messages[0].OrderID == orderID {
		t.Errorf("the fill %s: %q", execs[0], m.shape())
	}
	all := find(url.Values{"session": {"DEMO1"}, "limit": {"500"}})
	var paged []string
	for q := (url.Values{"session": {"DEMO1"}, "limit": {"2"}}); ; {
		m := find(q)
		paged = append(paged, m.shape()...)
		if !m.Cut || len(paged) > 100 {
			break
		}
		q.Set("before", m.Since)
	}
	if !slices.Equal(paged, all.shape()) || len(paged) < 8 || all.Cut {
		t.Errorf("in pages %q\nat once  %q", paged, all.shape())
	}
	if m := find(url.Values{"where": {"11=L-2", "41"}, "type": {"OrderCancelReplaceRequest"}}); !slices.Equal(m.shape(), []string{"in/G"}) {
		t.Errorf("conditions: %q", m.shape())
	}
	if m := find(url.Values{"order": {"L-1"}, "where": {"797=Y"}}); len(m.Messages) != 3 || m.Messages[0].Session != "DEMODC" {
		t.Errorf("copies of the lane: %q", m.shape())
	}
	if m := find(url.Values{"order": {"never"}}); len(m.Messages)+len(m.Orders) != 0 {
		t.Errorf("an order that nobody placed: %q", m.shape())
	}
	if code, text := page(ctx, t, g, "/api/v1/messages?where=Nonsense%3D1"); code != 400 || !strings.Contains(text, `no field "Nonsense"`) {
		t.Errorf("nonsense: %d %s", code, text)
	}
	if err := c.Logout(ctx); err != nil {
		t.Error(err)
	}
}
