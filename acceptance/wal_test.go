package acceptance

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // the reader of another process that does not let go
)

// TestOutsideReaderRaisesTheAlarm: A14. Another process keeps a read transaction
// open, so the write-ahead log grows. Metric and /readyz say so while orders are
// answered as before; once it lets go the log is emptied and all is well again.
func TestOutsideReaderRaisesTheAlarm(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	_, symbol, tick, lot := loadVenue()
	args, dir := lastingVenue(t, Venue{More: "[store]\nwal_truncate_mb = 1\nwal_alarm_mb = 3\n"})
	g := startGateway(t, args...)
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "gateway.db")+"?mode=ro&_busy_timeout=2000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pinned, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pinned.Rollback() }() // Done already if the test came to its end.
	var first int64
	if err := pinned.QueryRow("SELECT max(seq) FROM journal").Scan(&first); err != nil {
		t.Fatal(err)
	}
	const alarm = 3 << 20
	for round := uint64(1); walBytes(ctx, t, g) <= alarm; round++ {
		if round > 30 {
			t.Fatalf("the log has only %d bytes: the test is blind", walBytes(ctx, t, g))
		}
		trade(ctx, t, g.FIX, "DEMO1", symbol, tick, lot, 100, round) // Fails if an order has no answer.
	}
	if code, text := page(ctx, t, g, "/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "another process reads the database") {
		t.Errorf("/readyz says %d %s", code, text)
	}
	report := trade(ctx, t, g.FIX, "DEMO2", symbol, tick, lot, 100, 1)
	t.Logf("above the alarm: %d requests, %d fills", report.Requests, report.Fills)
	if err := pinned.Rollback(); err != nil {
		t.Fatal(err)
	}
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for walBytes(ctx, t, g) > 1<<20 {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("the log is not emptied: %d bytes", walBytes(ctx, t, g))
		}
	}
	if code, text := page(ctx, t, g, "/readyz"); strings.Contains(text, "another process") {
		t.Errorf("after the reader left /readyz says %d %s", code, text)
	}
	verify(ctx, t, g, dir)
}

// page reads a page of the gateway's HTTP port.
func page(ctx context.Context, t *testing.T, g *Gateway, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.HTTP+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// walBytes is what the gateway says of its write-ahead log.
func walBytes(ctx context.Context, t *testing.T, g *Gateway) int64 {
	t.Helper()
	_, text := page(ctx, t, g, "/metrics")
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, "gateway_store_wal_bytes "); found {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return int64(n)
		}
	}
	t.Fatal("gateway_store_wal_bytes is not served")
	return 0
}
