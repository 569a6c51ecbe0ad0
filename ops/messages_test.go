package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

// finds serves a model whose messages are looked for by find.
func finds(t *testing.T, find func(context.Context, Question) (Messages, error)) string {
	t.Helper()
	url, s := serve(t, newWorld("BTC-PERP").Model)
	s.find = find // Nobody has asked yet.
	return url + "/api/v1/messages"
}

// TestMessagesQuestion: what the address says is what is looked for.
func TestMessagesQuestion(t *testing.T) {
	asked := make(chan Question, 1)
	at := finds(t, func(ctx context.Context, q Question) (Messages, error) {
		if end, is := ctx.Deadline(); !is || time.Until(end) > answerWait-questionWait {
			t.Errorf("%+v: a search may last until %v", q, end)
		}
		asked <- q
		return Messages{Messages: []ToldMessage{{ID: "message-1", Name: "<b>"}}, Orders: []ToldOrder{}, Cut: true}, nil
	})
	before := time.Date(2026, 7, 22, 12, 0, 0, 7, time.UTC)
	for query, want := range map[string]Question{
		"order=O-1&limit=500": {Order: "O-1", Limit: 500},
		"where=11%3DA1&where=58~x+y&type=8,NewOrderSingle&session=ACME&order=&before=&where=": {
			Where: []string{"11=A1", "58~x y"}, Types: []string{"8", "NewOrderSingle"}, Session: "ACME", Limit: messagesUsual,
		},
		"before=2026-07-22T12:00:00.000000007Z&limit=1": {Before: before, Limit: 1},
	} {
		answer, body := get(t, "GET", at+"?"+query)
		var m Messages
		if err := json.Unmarshal([]byte(body), &m); err != nil || answer.StatusCode != 200 || len(m.Messages) != 1 || !m.Cut {
			t.Fatalf("%s: %s %s (%v)", query, answer.Status, body, err)
		}
		got := <-asked
		if want.Before.IsZero() {
			if time.Since(got.Before).Abs() > time.Minute {
				t.Errorf("%s: before %v", query, got.Before)
			}
			got.Before = want.Before
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", query, got, want)
		}
	}
}

// TestMessagesBadQuestion: a question that cannot be read is refused and said why, and
// nothing is looked for.
func TestMessagesBadQuestion(t *testing.T) {
	at := finds(t, func(_ context.Context, q Question) (Messages, error) {
		if len(q.Where) > 0 {
			return Messages{}, fmt.Errorf("%w: no such field", ErrQuestion)
		}
		return Messages{}, errors.New("disk on fire")
	})
	for query, want := range map[string]string{
		"limit=0": "limit", "limit=501": "limit", "limit=x": "limit", "limit=1&limit=2": "2 times", "wher=1": "wher", "before=noon": "before",
		"before=0001-01-01T00:00:00Z": "before", "order=" + strings.Repeat("x", questionTextMax+1): "longer",
		"where=" + url.QueryEscape(strings.Repeat("é", questionTextMax)): "longer",
		strings.Repeat("where=11&", conditionsMax+1):                     "more than 8", "where=Nonsense": "no such field",
	} {
		answer, body := get(t, "GET", at+"?"+query)
		if answer.StatusCode != http.StatusBadRequest || !strings.Contains(body, want) || strings.Contains(body, "<") {
			t.Errorf("%.40s: %s %s", query, answer.Status, body)
		}
	}
	if answer, body := get(t, "GET", at); answer.StatusCode != http.StatusInternalServerError || strings.Contains(body, "fire") {
		t.Errorf("a failure: %s %s", answer.Status, body)
	}
	if answer, body := get(t, "GET", finds(t, nil)); answer.StatusCode != http.StatusNotFound {
		t.Errorf("nobody looks: %s %s", answer.Status, body)
	}
}

// TestMessagesOneAtATime: while one search runs, another waits for its place and is then
// turned away; who goes away ends his search.
func TestMessagesOneAtATime(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error, 1)
	at := finds(t, func(ctx context.Context, q Question) (Messages, error) {
		if q.Order != "first" {
			return Messages{}, nil
		}
		close(began)
		<-ctx.Done()
		ended <- ctx.Err()
		return Messages{}, ctx.Err()
	})
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", at+"?order=first", nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			err = answer.Body.Close()
		}
		done <- err
	}()
	<-began
	if answer, _ := get(t, "GET", at); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") != "1" {
		t.Errorf("a second search: %s", answer.Status)
	}
	if answer, _ := get(t, "HEAD", at); answer.StatusCode != 200 {
		t.Errorf("HEAD waits for a place: %s", answer.Status)
	}
	leave()
	if err := <-done; err == nil {
		t.Error("the first search has an answer")
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the first search ended with %v", err)
	}
	if answer, _ := get(t, "GET", at); answer.StatusCode != 200 {
		t.Errorf("the next search: %s", answer.Status)
	}
}
