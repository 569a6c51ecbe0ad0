package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"backstop/config"
	"backstop/perp"
	"backstop/store"

	_ "github.com/mattn/go-sqlite3" // another program that writes into the database
)

// lockedBuffer takes log lines of several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startDefault starts the gateway in this process, with the configuration that
// config init prints, and ends it with the test. No prices come.
func startDefault(t *testing.T, log *slog.Logger) *app {
	t.Helper()
	return startOn(t, defaultConfig(t), log)
}

func defaultConfig(t *testing.T) *config.Config {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "gateway.toml")
	src := strings.NewReplacer(`"127.0.0.1:9878"`, `"127.0.0.1:0"`, `"127.0.0.1:8080"`, `"127.0.0.1:0"`).Replace(config.Default())
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func startOn(t *testing.T, cfg *config.Config, log *slog.Logger) *app {
	t.Helper()
	a, err := start(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.stop(true); err != nil {
			t.Error(err)
		}
	})
	return a
}

// TestBooksThatDifferHaltTheVenue: A15, C15. A difference that is planted in the
// database of a running gateway is found by the next full check: every market is
// halted, withdrawals stop, log, metric and /readyz say so, the audit too; a market
// that is resumed before it is mended is halted again, and afterwards it stays.
func TestBooksThatDifferHaltTheVenue(t *testing.T) {
	var log lockedBuffer
	a := startDefault(t, slog.New(slog.NewTextHandler(&log, nil)))
	// Nothing is wrong, and that is said too.
	a.checkBooks()
	if b := a.books.state(); b.Differences != 0 || b.Checked.IsZero() {
		t.Fatalf("books are %+v", b)
	}
	change := func(by string) {
		t.Helper()
		db, err := sql.Open("sqlite3", "file:"+filepath.Join(a.cfg.Server.DataDir, store.DBName)+"?_busy_timeout=2000")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec("UPDATE balances SET balance = balance " + by + " WHERE owner = 'DEMO1'"); err != nil {
			t.Fatal(err)
		}
	}
	change("+ 1")
	a.checkBooks()
	waitUntil(t, func() bool { return modeOf(t, a) == "halted" })
	if text := log.String(); !strings.Contains(text, "BOOKS DIFFER") || !strings.Contains(text, "balance of DEMO1 cash") {
		t.Errorf("the log says %s", text)
	}
	if code, text := readPage(t, a, "/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "2 differences in what is stored") {
		t.Errorf("/readyz says %d %s", code, text)
	}
	if _, text := readPage(t, a, "/metrics"); !strings.Contains(text, "\ngateway_books_differences 2\n") || !strings.Contains(text, "\ngateway_withdrawals_stopped 1\n") {
		t.Error("the metrics do not tell")
	}
	// Somebody resumes too early.
	resume := func(key string) {
		symbol := a.cfg.Specs()[0].Instrument.Symbol
		a.loop.inbox.put(perp.Input{Source: "operator", Command: perp.SetMarket{Operator: perp.Operator{Key: key, By: "desk"}, Symbol: symbol}})
		waitUntil(t, func() bool { return modeOf(t, a) == "normal" })
	}
	resume("too early")
	a.checkBooks()
	waitUntil(t, func() bool { return modeOf(t, a) == "halted" })
	change("- 1")
	a.checkBooks()
	resume("mended")
	a.checkBooks()
	if b := a.books.state(); b.Differences != 0 || modeOf(t, a) != "normal" {
		t.Errorf("after it was mended: %+v, %s", b, modeOf(t, a))
	}
	var why []string
	err := a.store.Audit(func(r store.AuditRow) error {
		if r.By == "gateway" {
			why = append(why, r.Command+string(r.Payload))
		}
		return nil
	})
	if err != nil || len(why) < 4 || !strings.Contains(why[0], "books differ: ") {
		t.Errorf("the audit says %v, %v", why, err)
	}
}

// modeOf is what the desk wants of the first market.
func modeOf(t *testing.T, a *app) string {
	t.Helper()
	var status struct {
		Markets []struct {
			Mode string `json:"mode"`
		} `json:"markets"`
	}
	_, text := readPage(t, a, "/api/v1/status")
	if err := json.Unmarshal([]byte(text), &status); err != nil || len(status.Markets) == 0 {
		t.Fatalf("the status is %s, %v", text, err)
	}
	return status.Markets[0].Mode
}

func readPage(t *testing.T, a *app, path string) (int, string) {
	t.Helper()
	answer, err := http.Get("http://" + a.page.Addr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// waitUntil waits for something that another goroutine does.
func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for end := time.After(20 * time.Second); !done(); {
		select {
		case <-look.C:
		case <-end:
			t.Fatal("it does not happen")
		}
	}
}
