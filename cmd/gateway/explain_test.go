package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"backstop/config"
	"backstop/fix"
	"backstop/perp"
	"backstop/spec"
)

func TestEveryReasonIsExplained(t *testing.T) {
	for _, r := range perp.Rejects() {
		if rejectTexts[r] == "" {
			t.Errorf("%s has no text", r)
		}
	}
	if len(rejectTexts) != len(perp.Rejects()) {
		t.Errorf("%d texts for %d reasons", len(rejectTexts), len(perp.Rejects()))
	}
}

func explain(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out, talk bytes.Buffer
	env := &config.Env{Stdout: &out, Stderr: &talk, Lookup: func(string) (string, bool) { return "", false }}
	code := config.Main(context.Background(), commandTable(), env, append([]string{"explain", "reject"}, args...))
	return out.String() + talk.String(), code
}

// TestExplainSaysEveryCode: each reason is answered with the code of every message
// and both dialects, and with its category if the promise has one.
func TestExplainSaysEveryCode(t *testing.T) {
	for _, r := range perp.Rejects() {
		text, code := explain(t, r.String())
		c := fix.CodesOf(r)
		want := []string{
			r.String() + "\n", fmt.Sprintf("103=%d", c.Order), fmt.Sprintf("102=%d", c.Cancel), fmt.Sprintf("380=%d", c.Business),
			fmt.Sprintf("658=%d", c.Quote), "281=" + c.Market, fmt.Sprintf("728=%d", c.Position), fmt.Sprintf("946=%d", c.Inquiry),
		}
		if c.Order != c.OrderLater {
			want = append(want, fmt.Sprintf("103=%d, %d ", c.Order, c.OrderLater))
		}
		if r.OfTheDesk() {
			want = []string{r.String() + "\n", "no client is told it"}
			if strings.Contains(text, "103=") {
				t.Errorf("%s has codes of FIX: %s", r, text)
			}
		}
		if name, means, ok := spec.CategoryOf(r.String()); ok {
			want = append(want, "category "+name+": "+means)
		}
		for _, w := range want {
			if code != config.ExitOK || !strings.Contains(text, w) {
				t.Errorf("%s: exit %d, no %q in\n%s", r, code, w, text)
			}
		}
	}
	text, _ := explain(t, "last_look_price", "--json")
	var got struct {
		Code, Category string
		FIX            fix.Codes
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.Code != "LAST_LOOK_PRICE" || got.Category != "A-1" || got.FIX.Order != 99 || got.FIX.OrderLater != 30 {
		t.Errorf("%v %+v", err, got)
	}
}

// TestEveryEndIsExplained: so is each token with which an order ends.
func TestEveryEndIsExplained(t *testing.T) {
	if got := len(endNames()); got != len(endTexts) {
		t.Errorf("%d names, %d texts", got, len(endTexts))
	}
	if next := perp.CancelReason(len(endTexts) + 1); next.String() != "?" {
		t.Errorf("%s has no text", next)
	}
	for reason := range endTexts {
		if text, code := explain(t, reason.String()); code != config.ExitOK || !strings.Contains(text, "150=4") == (reason != perp.ExpiredCancel) || strings.Contains(text, "378=99") != (reason != perp.ClientCancel) {
			t.Errorf("%s: exit %d, %s", reason, code, text)
		}
	}
	if text, code := explain(t, "NONSENSE"); code != config.ExitNotFound || !strings.Contains(text, `there is no reason "NONSENSE"`) {
		t.Errorf("exit %d, %s", code, text)
	}
}
