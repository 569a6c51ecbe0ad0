package certify

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestDo: what only the one who plays can do is asked of it, with the words of the
// case in it, and where it fails the case does.
func TestDo(t *testing.T) {
	c, err := ParseScript("do.def", "do", []byte("logon\ndo halt {sender}\nfence\n"))
	if err != nil {
		t.Fatal(err)
	}
	to := acceptor(t, func(a string) string { return a })
	if err := c.Play(t.Context(), to); err == nil || !strings.Contains(err.Error(), "do.def:2") {
		t.Errorf("nobody can do that, yet: %v", err)
	}
	var asked []string
	to.Do = func(_ context.Context, what string) error {
		asked = append(asked, what)
		return nil
	}
	if err := c.Play(t.Context(), to); err != nil || strings.Join(asked, ";") != "halt TW" {
		t.Errorf("asked %q, %v", asked, err)
	}
	no := errors.New("no")
	to.Do = func(context.Context, string) error { return no }
	if err := c.Play(t.Context(), to); !errors.Is(err, no) {
		t.Errorf("it was refused, yet: %v", err)
	}
}
