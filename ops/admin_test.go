package ops

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"backstop/perp"
)

// desk is an admin socket whose commands come out of a channel.
func desk(t *testing.T, path string, full bool) (*Admin, chan perp.Command) {
	t.Helper()
	commands := make(chan perp.Command, 10)
	a, err := NewAdmin(path, func(in perp.Input) bool {
		if full {
			return false
		}
		if in.Source != "operator" {
			t.Errorf("source %q", in.Source)
		}
		commands <- in.Command
		return true
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	a.Start()
	t.Cleanup(func() {
		if err := a.Stop(time.Second); err != nil {
			t.Error(err)
		}
	})
	return a, commands
}

func answered(key, by string, v perp.Verdict) []perp.Entry {
	return []perp.Entry{{Events: []perp.Event{perp.OperatorAnswered{Key: key, By: by, Verdict: v, Text: "done"}}}}
}

// TestDeskCommand: a command comes out as it was said, with who asked, and its
// answer arrives once it is durable; a path longer than a socket may have works.
func TestDeskCommand(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{t.TempDir(), long} {
		a, commands := desk(t, filepath.Join(dir, "a.sock"), false)
		info, err := os.Stat(a.Path())
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("socket: %v, %v", info, err)
		}
		go func() {
			d, ok := (<-commands).(perp.Deposit)
			if !ok || d.Account != "DEMO1" || d.Amount != 5*perp.MoneyOne || d.Key != "k" || !strings.HasPrefix(d.By, "uid ") || !strings.HasSuffix(d.By, " me") {
				t.Errorf("came out as %+v", d)
			}
			a.Apply(answered("other", d.By, perp.Verdict{}))
			a.Apply(answered("k", d.By, perp.Verdict{Reject: perp.OutOfRange, Need: 3}))
		}()
		got, err := AskDesk(t.Context(), a.Path(), DeskCommand{Kind: "Deposit", Key: "k", By: "me", Account: "DEMO1", Amount: "5"})
		if err != nil || got.Done || got.Reject != "OUT_OF_RANGE" || got.Need != 3 {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// TestDeskRefuses: what is no command, or cannot be taken now, is refused before
// anything happens.
func TestDeskRefuses(t *testing.T) {
	a, commands := desk(t, filepath.Join(t.TempDir(), "a.sock"), false)
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", a.Path())
	}}}
	for body, want := range map[string]string{
		``:                                   "EOF",
		`[]`:                                 "cannot unmarshal",
		`{"kind":"Deposit","key":"k","x":1}`: "unknown field",
		`{"kind":"Deposit","amount":"1"}`:    "key: missing",
		`{"kind":"Deposit","key":"k"}`:       "amount",
		`{"kind":"Deposit","key":"k","amount":"1e5"}`:                                "amount",
		`{"kind":"Deposit","key":"k","amount":"1"}{}`:                                "more than one",
		`{"kind":"SetMarket","key":"k","mode":"open"}`:                               "mode",
		`{"kind":"BustTrade","key":"k","reason":"r"}`:                                "trade and reason",
		`{"kind":"BustTrade","key":"k","trade":"T-1","reason":" "}`:                  "trade and reason",
		`{"kind":"Configure","key":"k"}`:                                             "kind",
		`{"kind":"Deposit","key":"a\nb","amount":"1"}`:                               "printable",
		`{"kind":"Deposit","key":"` + strings.Repeat("k", 300) + `"}`:                "printable",
		`{"kind":"Deposit","key":"k","reason":"` + strings.Repeat("x", 20000) + `"}`: "too large",
	} {
		response, err := client.Post("http://desk/v1/commands", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusBadRequest || !bytes.Contains(text, []byte(want)) {
			t.Errorf("%.60s: %d %s, want %q", body, response.StatusCode, text, want)
		}
	}
	response, err := client.Get("http://desk/v1/commands")
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d, %v", response.StatusCode, err)
	}
	if len(commands) != 0 {
		t.Errorf("%d commands came out", len(commands))
	}
	full, _ := desk(t, filepath.Join(t.TempDir(), "b.sock"), true)
	got, err := AskDesk(t.Context(), full.Path(), DeskCommand{Kind: "OpenWithdrawals", Key: "k"})
	if err != nil || got.Reject != "NOT_READY" {
		t.Errorf("full inbox: %+v, %v", got, err)
	}
	a.wait = time.Millisecond
	if _, err := AskDesk(t.Context(), a.Path(), DeskCommand{Kind: "OpenWithdrawals", Key: "k"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer: %v", err)
	}
	if _, err := AskDesk(t.Context(), filepath.Join(t.TempDir(), "none.sock"), DeskCommand{Kind: "OpenWithdrawals", Key: "k"}); !errors.Is(err, ErrNoDesk) {
		t.Errorf("nobody there: %v", err)
	}
}

// TestDeskKeepsFiles: a file that is no socket is not replaced; a socket that a
// crash left behind is.
func TestDeskKeepsFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sock")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewAdmin(path, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("replaced a file")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	desk(t, path, false)
}

// TestPersons: who counts for approvals is who holds a token or, where there are none,
// whom the system says; a name that somebody gives themselves counts for nothing, and
// no token goes further than the door.
func TestPersons(t *testing.T) {
	a, commands := desk(t, filepath.Join(t.TempDir(), "a.sock"), false)
	uid := "uid " + strconv.Itoa(os.Getuid())
	ask := func(c DeskCommand) (got perp.Command) {
		t.Helper()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, err := AskDesk(t.Context(), a.Path(), c); err != nil {
				t.Error(err)
			}
		}()
		select {
		case got = <-commands:
			switch c := got.(type) {
			case perp.ProposeChange:
				a.Apply(answered(c.Key, c.By, perp.Verdict{}))
			case perp.ApproveChange:
				a.Apply(answered(c.Key, c.By, perp.Verdict{}))
			}
			<-done
		case <-done:
		}
		return got
	}
	open := DeskCommand{Kind: "OpenWithdrawals", Key: "k", By: "mallory", Propose: true, Token: "token of ann"}
	approve := DeskCommand{Kind: "ApproveChange", Key: "k2", By: "ann", Proposal: 3, Token: "token of eve"}
	if c, ok := ask(open).(perp.ProposeChange); !ok || c.Person != uid || c.By != uid+" mallory" || c.Command != "OpenWithdrawals" {
		t.Errorf("without persons: %+v", c)
	}
	if c, ok := ask(approve).(perp.ApproveChange); !ok || c.Person != uid || c.Proposal != 3 {
		t.Errorf("without persons: %+v", c)
	}
	a.Persons(map[[sha256.Size]byte]string{sha256.Sum256([]byte("token of ann")): "ann"})
	c, ok := ask(open).(perp.ProposeChange)
	if !ok || c.Person != "ann" || c.By != "ann, "+uid+" mallory" || strings.Contains(string(c.Payload), "token") {
		t.Errorf("ann: %+v %s", c, c.Payload)
	}
	if c, ok := ask(approve).(perp.ApproveChange); !ok || c.Person != "" {
		t.Errorf("a wrong token: %+v", c)
	}
	approve.Propose = true
	if c := ask(approve); c != nil {
		t.Errorf("an approval was proposed: %+v", c)
	}
}
