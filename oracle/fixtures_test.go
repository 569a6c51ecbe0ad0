package oracle

import (
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"backstop/perp"
)

// leapClock is a clock that is at once where someone waits for.
type leapClock struct {
	mu  sync.Mutex
	now perp.Time
	end perp.Time               // at it the context ends
	cut context.CancelCauseFunc // nil: never
}

const epoch = 1_700_000_000 * perp.Second

func (c *leapClock) Now() perp.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *leapClock) Wait(ctx context.Context, until perp.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil && until >= c.end {
		c.cut(nil)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.now = max(c.now, until)
	return nil
}

// stuckClock waits for the end of the context, and says that it waits.
type stuckClock struct{ waits chan struct{} }

func (stuckClock) Now() perp.Time { return epoch }

func (c stuckClock) Wait(ctx context.Context, until perp.Time) error {
	if until <= epoch {
		return ctx.Err()
	}
	close(c.waits)
	<-ctx.Done()
	return ctx.Err()
}

// write makes a file; a name that ends in .gz is compressed.
func write(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(lines, "\n") + "\n"
	if strings.HasSuffix(name, ".gz") {
		z := gzip.NewWriter(file)
		if _, err := z.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	} else if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// play runs a whole file on a leaping clock.
func play(t *testing.T, path string, opt FileOptions) ([]perp.OracleTick, []SourceStatus) {
	t.Helper()
	opt.Clock = &leapClock{now: epoch}
	feed, _, err := OpenFile(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	var ticks []perp.OracleTick
	if err := feed.Run(t.Context(), func(k perp.OracleTick) { ticks = append(ticks, k) }); err != nil {
		t.Fatal(err)
	}
	return ticks, feed.Status()
}

// prices are the ticks' prices, in the unit.
func prices(ticks []perp.OracleTick) string {
	var out []string
	for _, k := range ticks {
		out = append(out, k.Price.String())
	}
	return strings.Join(out, " ")
}

const (
	bookHeader   = "local_us,venue,kind,exch_ms,bid_or_px,bidsz_or_qty,ask_or_side,asksz"
	seriesHeader = "blockchainTimestamp,oraclePrice"
	klineHeader  = "ts_s,open,high,low,close,volume_base,volume_quote,trades,taker_buy_base"
	barHeader    = "ts_s,open,high,low,close,volume_usde"
	blockHeader  = "ts_s,block,price_usde_in_usdt,tvl_usd"
)

func quote(ms int64, venue, bid, ask string) string {
	return fmt.Sprintf("%d,%s,Q,,%s,1,%s,1.5", 1_723_161_254_000_000+ms*1000, venue, bid, ask)
}

func trade(ms int64, venue, price string) string {
	return fmt.Sprintf("%d,%s,T,1723161255342,%s,0.02,S,", 1_723_161_254_000_000+ms*1000, venue, price)
}
