package acceptance

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // reads what contract views say
	"github.com/shopspring/decimal"
)

const crashClients = 10

var crashDeposit = decimal.NewFromInt(1000)

// crashWorld is one market, played from a file, and ten levered clients.
type crashWorld struct {
	feed    string
	speed   string
	symbol  string
	seconds int // how long the file lasts at that speed
	fund    int64
	cover   int64  // insurance
	average string // half-life of the short average; empty: the default
}

// believes is how far a price may be from its average: any distance within the
// shorter time that a played file needs.
func (w crashWorld) believes() string {
	if w.average == "" {
		return ""
	}
	return fmt.Sprintf("  average = %q\n  max_travel_bps = \"10000\"\n", w.average)
}

// config writes a configuration. The ages are those of a played file: hours pass
// in seconds, and what is left of a silence is shorter than max_age.
func (w crashWorld) config(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, `
[server]
data_dir = %q
dashboard = ""
[fix]
listen = "127.0.0.1:0"
comp_id = "BACKSTOP"
[maker]
equity = "%d"
insurance = "%d"
[[market]]
symbol = %q
tick = "0.001"
lot = "0.01"
max_order = "100000"
  [market.oracle]
  reduce_age = "4s"
  max_age = "10s"
%s  [market.quote]
  levels = 10
  [market.funding]
  every = "5s"
  average = "5s"
  [market.risk]
  max_position = "1000000"
  open_interest = "10000000"
  settle_every = "1s"
  liquidation_start = "0.3"
  liquidation_time = "3s"
[[feed]]
kind = "file"
symbols = [%q]
path = %q
speed = %q
`, dir, w.fund, w.cover, w.symbol, w.believes(), w.symbol, w.feed, w.speed)
	for i := range crashClients {
		fmt.Fprintf(&b, `
[[account]]
name = "LEV%d"
deposit = %q
[[session]]
comp_id = "LEV%d"
auth = "password"
username = "LEV%d"
secret = "plain:demo"
accounts = ["LEV%d"]
`, i, crashDeposit, i, i, i)
	}
	file := filepath.Join(t.TempDir(), "gateway.toml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// play runs the gateway with ten clients until the prices have ended, stops it
// and returns what each client was told.
func (w crashWorld) play(ctx context.Context, t *testing.T, dir string) []*Leveraged {
	t.Helper()
	g := startGateway(t, "run", "--config", w.config(t, dir))
	over, cancel := context.WithTimeout(ctx, time.Duration(w.seconds)*time.Second)
	defer cancel()
	clients := make([]*Leveraged, crashClients)
	errs := make([]error, crashClients)
	var wg sync.WaitGroup
	for i := range clients {
		name := fmt.Sprintf("LEV%d", i)
		c := NewClient(name, "BACKSTOP", name, "demo")
		dialect := []string{"22000=STRICT44", "22000=VAMM1"}[i/2%2] // Of both sides in each.
		if _, err := c.Logon(ctx, g.FIX, dialect); err != nil {
			t.Fatal(err)
		}
		clients[i] = &Leveraged{
			Client: c, Account: name, Symbol: w.symbol, Side: fmt.Sprint(1 + i%2),
			Leverage: decimal.NewFromInt(int64(11 + i/2)), Lot: decimal.RequireFromString("0.01"), SizeMax: decimal.NewFromInt(50000),
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			if errs[i] = clients[i].Run(ctx, crashDeposit); errs[i] != nil {
				cancel()
			}
		}()
	}
	<-over.Done()
	// The prices have ended; the gateway says the rest and logs everybody out.
	code, err := g.Stop()
	wg.Wait()
	if err = errors.Join(append(errs, err)...); err != nil || code != 0 {
		t.Fatalf("gateway ended with %d, %v", code, err)
	}
	return clients
}

// judge compares what clients were told with what the books hold.
func (w crashWorld) judge(ctx context.Context, t *testing.T, dir string, clients []*Leveraged) {
	t.Helper()
	replayed(ctx, t, dir)
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "gateway.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := &books{t: t, db: db}
	if sum := b.sum("SELECT SUM(balance) FROM api_balances"); !sum.IsZero() {
		t.Errorf("the books sum to %s", sum)
	}
	if bad := b.sum("SELECT COUNT(*) FROM api_balances WHERE balance < 0 AND (account LIKE 'pool/%' OR account LIKE 'insurance/%' OR account = 'cash')"); !bad.IsZero() {
		t.Error("a pool, an insurance or a client's cash is below zero")
	}
	won := b.sum("SELECT COALESCE(SUM(cash), 0) FROM api_settlements WHERE cash > 0")
	lost := b.sum("SELECT COALESCE(-SUM(cash), 0) FROM api_settlements WHERE cash < 0")
	if limit := lost.Add(decimal.NewFromInt(w.fund + w.cover)); won.GreaterThan(limit) {
		t.Errorf("winners got %s, there was %s", won, limit)
	}
	liquidations, held, checked := 0, 0, 0
	for _, c := range clients {
		b.client(c)
		checked += b.events(c)
		sameFills(ctx, t, db, c)
		liquidations += c.Told.Liquidations
		held += c.Told.Held
	}
	t.Logf("liquidation fills %d; bankruptcies %d; paid in %s, paid out %s", liquidations, b.sum("SELECT COUNT(*) FROM api_losses").Shift(6).IntPart(), lost, won)
	for _, row := range [][2]string{
		{"bankrupt accounts owed", "SELECT COALESCE(SUM(loss), 0) FROM api_losses"},
		{"of it, by insurance", "SELECT COALESCE(SUM(insurance), 0) FROM api_losses"},
		{"by the maker", "SELECT COALESCE(SUM(maker), 0) FROM api_losses"},
		{"socialised", "SELECT COALESCE(SUM(socialised), 0) FROM api_losses"},
		{"open", "SELECT COALESCE(SUM(open), 0) FROM api_losses"},
		{"claims open", "SELECT COALESCE(SUM(balance), 0) FROM api_balances WHERE owner LIKE 'LEV%' AND account LIKE 'claim/%' AND balance > 0"},
		{"debts open", "SELECT COALESCE(SUM(balance), 0) FROM api_balances WHERE owner LIKE 'LEV%' AND account LIKE 'claim/%' AND balance < 0"},
		{"pool left", "SELECT balance FROM api_balances WHERE account LIKE 'pool/%'"},
		{"insurance left", "SELECT balance FROM api_balances WHERE account LIKE 'insurance/%'"},
		{"maker equity left", "SELECT balance FROM api_balances WHERE account LIKE 'equity/%'"},
	} {
		t.Logf("%-24s %s", row[0], b.sum(row[1]))
	}
	if held == 0 {
		t.Error("no order was held: the run says nothing about last look")
	}
	if checked == 0 {
		t.Error("no event was held against its transfers")
	}
	if liquidations == 0 {
		t.Error("nobody was liquidated: the run says nothing about it")
	}
}

// replayed has the gateway verify its own books.
func replayed(ctx context.Context, t *testing.T, dir string) {
	t.Helper()
	for _, what := range []string{"ledger", "journal"} {
		out, talk, code, err := Run(ctx, what, "verify", "--data-dir", dir, "--json")
		if err != nil || code != 0 {
			t.Errorf("%s verify: exit %d, %v\n%s%s", what, code, err, out, talk)
		}
		var said struct {
			OK          bool     `json:"ok"`
			Differences []string `json:"differences"`
			Genesis     string   `json:"hash_genesis"`
			Snapshot    string   `json:"hash_snapshot"`
		}
		if err := json.Unmarshal([]byte(out), &said); err != nil || !said.OK || len(said.Differences) > 0 || said.Genesis != said.Snapshot {
			t.Errorf("%s verify: %v %s", what, err, out)
		}
		if what == "journal" && said.Genesis == "" {
			t.Errorf("journal verify names no hash: %s", out)
		}
	}
}

// books reads the views of a stopped gateway's database.
type books struct {
	t  *testing.T
	db *sql.DB
}

// sum reads one number of millionths.
func (b *books) sum(query string, args ...any) decimal.Decimal {
	b.t.Helper()
	var n int64
	if err := b.db.QueryRowContext(b.t.Context(), query, args...).Scan(&n); err != nil {
		b.t.Errorf("%s: %v", query, err)
	}
	return decimal.New(n, -6)
}

// client compares an account of the books with what its client was told.
func (b *books) client(c *Leveraged) {
	b.t.Helper()
	for _, f := range c.Told.Failures {
		b.t.Error(f)
	}
	o := c.Told
	cash := b.sum("SELECT balance FROM api_balances WHERE owner = ? AND account = 'cash'", c.Account)
	if !cash.Equal(o.Cash) {
		b.t.Errorf("%s: cash is %s, FIX told %s", c.Account, cash, o.Cash)
	}
	total := cash.Add(b.sum("SELECT COALESCE(SUM(balance), 0) FROM api_balances WHERE owner = ? AND account LIKE 'claim/%'", c.Account)).
		Add(b.sum("SELECT COALESCE(SUM(entry_notional), 0) FROM api_positions WHERE account = ?", c.Account))
	if !total.Equal(o.Total) {
		b.t.Errorf("%s: cash, claims and entry are %s, FIX told %s", c.Account, total, o.Total)
	}
	b.t.Logf("%s side=%s entries=%d held=%d refused=%v calls=%d liquidation fills=%d deleveraged=%d settlements=%d funding=%d bankruptcies=%d shares=%d cash=%s position=%s",
		c.Account, c.Side, o.Entries, o.Held, o.Reasons, o.Calls, o.Liquidations, o.Deleveraged, o.Settlements, o.Funding, o.Bankruptcies, o.Shares, cash, o.Position)
}

// movedQuery is the sum of the transfers of an account with an id, but those of fills: of
// its cash, or of its claims.
const movedQuery = `SELECT COALESCE(SUM(amount), 0) FROM (
  SELECT -amount AS amount FROM transfers WHERE debit_owner = ?1 AND debit_account LIKE ?2 AND ref = ?3 AND reason NOT IN ('fee', 'profit_realised', 'deleverage')
  UNION ALL SELECT amount FROM transfers WHERE credit_owner = ?1 AND credit_account LIKE ?2 AND ref = ?3 AND reason NOT IN ('fee', 'profit_realised', 'deleverage'))`

// events compares what a VAMM1 client was told that each event moved with the
// transfers of that event: to the last unit, and none is missing. It returns how many
// there were.
func (b *books) events(c *Leveraged) int {
	b.t.Helper()
	var cash, claim decimal.Decimal
	for event, m := range c.Told.Moved {
		if is := b.sum(movedQuery, c.Account, "cash", event); !is.Equal(m.Cash) {
			b.t.Errorf("%s: %s moved %s of cash, FIX told %s", c.Account, event, is, m.Cash)
		}
		if is := b.sum(movedQuery, c.Account, "claim/%", event); !is.Equal(m.Claim) {
			b.t.Errorf("%s: %s moved %s of the claim, FIX told %s", c.Account, event, is, m.Claim)
		}
		cash, claim = cash.Add(m.Cash), claim.Add(m.Claim)
	}
	if len(c.Told.Moved) == 0 { // In STRICT44 nothing of this is told.
		return 0
	}
	all := strings.ReplaceAll(movedQuery, "ref = ?3", "reason <> 'deposit'")
	if is := b.sum(all, c.Account, "cash"); !is.Equal(cash) {
		b.t.Errorf("%s: all events moved %s of cash, FIX told %s", c.Account, is, cash)
	}
	if is := b.sum(all, c.Account, "claim/%"); !is.Equal(claim) {
		b.t.Errorf("%s: all events moved %s of the claim, FIX told %s", c.Account, is, claim)
	}
	return len(c.Told.Moved)
}

// sameFills: every fill of the books arrived, those of a liquidation without a
// ClOrdID, and no other did.
func sameFills(ctx context.Context, t *testing.T, db *sql.DB, c *Leveraged) {
	t.Helper()
	rows, err := db.QueryContext(ctx, "SELECT exec_id, cl_ord_id FROM api_fills WHERE account = ?", c.Account)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var exec, order string
		if err := rows.Scan(&exec, &order); err != nil {
			t.Fatal(err)
		}
		n++
		f, arrived := c.Told.Execs[exec]
		if said, has := f.Lookup(11); !arrived || said != order || has != (order != "") {
			t.Errorf("%s: fill %s of order %q arrived as %s", c.Account, exec, order, f)
		}
	}
	if err := rows.Err(); err != nil || n != len(c.Told.Execs) {
		t.Errorf("%s: %d fills in the books, %d arrived, %v", c.Account, n, len(c.Told.Execs), err)
	}
}

// crashPrices writes a price a second: calm, up by 60 % and back, which halts the
// market for a while, calm, then a gap of 8 % down that stays.
func crashPrices(t *testing.T) (file string, rows int) {
	var b strings.Builder
	b.WriteString("blockchainTimestamp,oraclePrice\n")
	price := 60.0
	for i, part := range []struct {
		rows int
		step float64
	}{{60, 1}, {12, 1.04}, {12, 1}, {12, 1 / 1.04}, {60, 1}, {1, 0.92}, {48, 1}} {
		for j := range part.rows {
			price *= part.step
			fmt.Fprintf(&b, "%d,%.6f\n", 1_700_000_000+rows, price*(1+float64((i+j)%3)*0.0002))
			rows++
		}
	}
	file = filepath.Join(t.TempDir(), "crash.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, rows
}

// TestCrashThroughTheGateway: a spike and a crash with ten levered clients on
// both sides. No unit is created or lost, and everybody is told everything.
func TestCrashThroughTheGateway(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	file, rows := crashPrices(t)
	w := crashWorld{feed: file, speed: "12", symbol: "LUNA-PERP", seconds: rows/12 + 1, fund: 200_000, cover: 300}
	dir := filepath.Join(t.TempDir(), "data")
	w.judge(ctx, t, dir, w.play(ctx, t, dir))
}

// TestLunaThroughTheGateway is the same with the days in May 2022 as an oracle
// saw them: 61.53 to 1.13, a silence of 5,019 s, and 5.3 times the price after
// it. A second of the gateway's time is 2,500 of that market's, so the average
// that a price is compared with is as much shorter.
func TestLunaThroughTheGateway(t *testing.T) {
	file := os.Getenv("BACKSTOP_LUNA")
	if file == "" {
		t.Skip("BACKSTOP_LUNA names no drift_luna_oracle_20220509.csv.gz")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	// 228,186 s in 91: a tick of the feed is 125 s of that market.
	w := crashWorld{feed: file, speed: "2500", symbol: "LUNA-PERP", seconds: 93, fund: 200_000, cover: 300, average: "1s"}
	dir := filepath.Join(t.TempDir(), "data")
	w.judge(ctx, t, dir, w.play(ctx, t, dir))
}
