//go:build faults

package acceptance

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // an eye of its own on what is stored
)

// faultWorld is a gateway that dies again and again, its clients, and what went
// wrong. It is used against mutants too, so it returns problems and does not fail.
type faultWorld struct {
	t        testing.TB
	bin      string
	args     []string
	env      []string // of the gateway
	dir      string
	clients  []*honest
	log      *os.File
	restarts []time.Duration // from the start of the process to the first Logon
	deaths   int
	problems []string
}

func newFaultWorld(t testing.TB, m mutant, clients, orders int) *faultWorld {
	t.Helper()
	args, dir := lastingVenue(t, Venue{LastLook: "off", Bucket: "0"})
	log, err := os.Create(filepath.Join(t.TempDir(), "gateway.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	w := &faultWorld{t: t, bin: faultBinary(t, m), args: args, dir: dir, log: log}
	for i := range clients {
		w.clients = append(w.clients, newHonest(venueClients[i], orders))
		w.clients[i].listens = i == 0
	}
	return w
}

func (w *faultWorld) problem(format string, args ...any) {
	if len(w.problems) < failuresMax {
		w.problems = append(w.problems, fmt.Sprintf(format, args...))
	}
}

// lifeMax is how long a gateway lives whose crash point does not come.
const lifeMax = 8 * time.Second

// life starts the gateway, lets every client talk and waits for the end: by the
// crash point, by kill, or because all is answered. It tells whether the process
// died by a crash point.
func (w *faultWorld) life(ctx context.Context, crash string, kill func(*Gateway)) (fired bool) {
	env := w.env
	if crash != "" {
		env = append(env[:len(env):len(env)], crashVariable+"="+crash)
	}
	began := time.Now()
	g, err := StartBinary(ctx, w.bin, env, w.log, w.args...)
	if died := (*exec.ExitError)(nil); errors.As(err, &died) && killed(died.ProcessState) && crash != "" {
		w.deaths++
		w.dead()
		return true
	}
	if err != nil {
		w.problem("start: %v", err)
		return false
	}
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, lifeMax)
	defer cancel()
	ended := make(chan error, len(w.clients))
	for _, c := range w.clients {
		go func() {
			err := c.talk(ctx, g.FIX)
			ended <- err
		}()
	}
	if kill != nil {
		go kill(g)
	}
	for range w.clients {
		if err := <-ended; err != nil && (crash == "" || !errors.Is(err, context.DeadlineExceeded)) {
			w.problem("%v", err)
		}
	}
	if ctx.Err() != nil && whole.Err() == nil {
		g.Kill() // The point never came.
		w.dead()
		return false
	}
	w.restarts = append(w.restarts, time.Since(began))
	return w.end(g, crash != "" || kill != nil)
}

// end waits for the death of the gateway, or stops it when all is answered.
func (w *faultWorld) end(g *Gateway, mayDie bool) (fired bool) {
	if w.answered() && !g.Ended() {
		code, err := g.Stop()
		state := g.cmd.ProcessState
		if fired = mayDie && state != nil && killed(state); !fired && (err != nil || code != 0) {
			w.problem("stop: exit %d, %v", code, err)
		}
	} else {
		select {
		case <-g.done:
		case <-time.After(10 * time.Second):
			w.problem("clients were cut off and the gateway lives")
			g.Kill()
		}
		fired = killed(g.cmd.ProcessState)
		if code := g.cmd.ProcessState.ExitCode(); !fired {
			w.problem("the gateway ended with %d", code)
		}
	}
	if fired {
		w.deaths++
	}
	w.dead()
	return fired
}

func killed(s *os.ProcessState) bool {
	ws, ok := s.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled() && ws.Signal() == syscall.SIGKILL
}

func (w *faultWorld) answered() bool {
	for _, c := range w.clients {
		if !c.done() {
			return false
		}
	}
	return true
}

// dead compares what the clients have seen with what is stored, while no gateway
// runs: nothing may have been said that is not there.
func (w *faultWorld) dead() {
	if _, err := os.Stat(filepath.Join(w.dir, "gateway.db")); errors.Is(err, os.ErrNotExist) {
		return // It died before there was one.
	}
	db, err := w.open()
	if err != nil {
		w.problem("database: %v", err)
		return
	}
	defer db.Close()
	for _, c := range w.clients {
		if err := w.compare(db, c); err != nil && !strings.Contains(err.Error(), "no such table") {
			w.problem("%s %v", c.prefix, err)
		}
	}
}

func (w *faultWorld) open() (*sql.DB, error) {
	return sql.Open("sqlite3", "file:"+filepath.Join(w.dir, "gateway.db")+"?_busy_timeout=2000&_query_only=1")
}

// compare holds one client against the store.
func (w *faultWorld) compare(db *sql.DB, c *honest) error {
	name := strings.TrimSuffix(c.prefix, "-")
	var epoch, in, out, reserved int64
	err := db.QueryRow("SELECT epoch, in_seq, out_seq, out_reserved FROM fix_sessions WHERE session = ? ORDER BY epoch DESC LIMIT 1", name).
		Scan(&epoch, &in, &out, &reserved)
	if errors.Is(err, sql.ErrNoRows) {
		in, out = 1, 1
	} else if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.highest > 0 && !c.resets && int64(c.highest) >= max(out, reserved) {
		return fmt.Errorf("has number %d; durable are those below %d", c.highest, max(out, reserved))
	}
	for _, n := range c.Wanted() {
		if c.diskIn > 0 && !c.resets && n < c.diskIn {
			return fmt.Errorf("was asked for %d again; durable were those below %d", n, c.diskIn)
		}
	}
	c.diskIn = int(in)
	if err := w.counted(db, c, name, in); err != nil && !c.resets {
		return err
	}
	return w.said(db, c, name, epoch)
}

// counted checks that the orders in the journal are those whose numbers count as
// done: none more, none less. It looks at the newest.
func (w *faultWorld) counted(db *sql.DB, c *honest, name string, in int64) error {
	rows, err := db.Query(`SELECT payload ->> '$.InSeq' FROM journal WHERE kind = 'PlaceOrder' AND payload ->> '$.Session' = ?
		AND seq > (SELECT max(seq) FROM journal) - 8000`, name)
	if err != nil {
		return err
	}
	defer rows.Close()
	done, least := map[int]bool{}, 1<<62
	for rows.Next() {
		var seq int
		if err := rows.Scan(&seq); err != nil {
			return err
		}
		if int64(seq) >= in {
			return fmt.Errorf("order %d is durable and its number is not: next is %d", seq, in)
		}
		done[seq], least = true, min(least, seq)
	}
	c.Client.mu.Lock()
	defer c.Client.mu.Unlock()
	for seq := range c.Client.sent {
		if int64(seq) < in && seq > least && !done[seq] {
			return fmt.Errorf("number %d counts as done and its order is lost: next is %d", seq, in)
		}
	}
	return rows.Err()
}

// said checks that each report that the client has is stored under its number.
func (w *faultWorld) said(db *sql.DB, c *honest, name string, epoch int64) error {
	rows, err := db.Query("SELECT epoch, seq, bytes FROM fix_out WHERE session = ? AND epoch >= ?", name, epoch-1)
	if err != nil {
		return err
	}
	defer rows.Close()
	stored := map[string]bool{}
	for rows.Next() {
		var e, seq int64
		var bytes []byte
		if err := rows.Scan(&e, &seq, &bytes); err != nil {
			return err
		}
		f := Parse(string(bytes))
		id := f.Get(17)
		if id == "" {
			id = "721=" + f.Get(721)
		}
		stored[fmt.Sprintf("%d %s", seq, id)] = true
	}
	for seq, exec := range c.numbers {
		if !stored[fmt.Sprintf("%d %s", seq, exec)] {
			return fmt.Errorf("has %s under number %d, and that is not stored", exec, seq)
		}
	}
	return rows.Err()
}

// settle runs lives without a crash until all is answered, and checks the books
// and every order.
func (w *faultWorld) settle(ctx context.Context) {
	for range 2 {
		if w.answered() || len(w.problems) > 0 {
			break
		}
		w.life(ctx, "", nil)
		if !w.answered() {
			w.problem("orders are unanswered after a whole life")
		}
	}
	for _, c := range w.clients {
		w.problems = append(w.problems, c.failures...)
		if !c.done() {
			w.problem("%s %d of %d orders sent, %d open: %v", c.prefix, len(c.sent), c.total, len(c.open), slices.Sorted(maps.Keys(c.open))[:min(3, len(c.open))])
		}
	}
	for _, check := range [][]string{{"ledger", "verify"}, {"journal", "verify"}, {"db", "check"}} {
		out, talk, code, err := Run(ctx, append(check, "--data-dir", w.dir)...)
		if code != 0 || err != nil {
			w.problem("%v: exit %d, %v: %s%s", check, code, err, out, talk)
		}
	}
	db, err := w.open()
	if err != nil {
		w.problem("database: %v", err)
		return
	}
	defer db.Close()
	for _, c := range w.clients {
		if err := w.reconcile(db, c); err != nil {
			w.problem("%s %v", c.prefix, err)
		}
	}
}

// reconcile compares fills, positions and fees with what the client was told.
func (w *faultWorld) reconcile(db *sql.DB, c *honest) error {
	name := strings.TrimSuffix(c.prefix, "-")
	rows, err := db.Query("SELECT exec_id, cl_ord_id, side, size, price, fee FROM api_fills WHERE account = ?", name)
	if err != nil {
		return err
	}
	defer rows.Close()
	n, position, feeRate := 0, int64(0), big.NewInt(takerFee)
	for rows.Next() {
		var exec, id, side string
		var size, price, fee int64
		if err := rows.Scan(&exec, &id, &side, &size, &price, &fee); err != nil {
			return err
		}
		n++
		if f := c.fills[id]; f == nil || f.Get(17) != exec {
			return fmt.Errorf("fill %s of %s is in the books, told was %s", exec, id, f)
		}
		if side == "sell" {
			size = -size
		}
		position += size
		// The exact fee in 1e-6 times 1e15; rounding is in the maker's favour.
		exact := new(big.Int).Mul(big.NewInt(max(size, -size)), big.NewInt(price))
		exact.Mul(exact, feeRate)
		booked := new(big.Int).Mul(big.NewInt(fee), big.NewInt(1e15))
		over := booked.Sub(booked, exact)
		if over.Sign() < 0 || over.Cmp(big.NewInt(2e15)) > 0 {
			return fmt.Errorf("fee of %s is %d; exact is %s e-15", exec, fee, exact)
		}
	}
	if n != len(c.fills) {
		return fmt.Errorf("%d fills in the books, %d were told", n, len(c.fills))
	}
	if len(c.fills) < len(c.sent)/2 {
		return fmt.Errorf("only %d of %d orders filled: says little; refused %s", len(c.fills), len(c.sent), first(c.refused))
	}
	var booked int64
	if err := db.QueryRow("SELECT coalesce(sum(size), 0) FROM api_positions WHERE account = ?", name).Scan(&booked); err != nil {
		return err
	}
	if booked != position {
		return fmt.Errorf("position %d, fills make %d", booked, position)
	}
	var sum int64
	if err := db.QueryRow("SELECT sum(balance) FROM api_balances").Scan(&sum); err != nil || sum != 0 {
		return fmt.Errorf("balances sum to %d, %v", sum, err)
	}
	return rows.Err()
}

// takerFee is the venue's taker fee in 1e-6.
const takerFee = 500

func first(m map[string]Fields) Fields {
	for _, f := range m {
		return f
	}
	return nil
}
