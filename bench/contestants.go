package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed cpp/executor.cpp
var executorSource []byte

// errNoCPP tells that the C++ peer cannot be built here.
var errNoCPP = errors.New("g++ or libquickfix-dev is not installed")

// venue is the configuration of a gateway that is measured: one market or more,
// firm quotes, no limit of orders, passwords that cost nothing to check. Prices
// come slowly, so that a round stays in the feed's calm beginning.
type venue struct {
	sessions, accounts, markets int // no sessions: one that trades for all accounts
	speed                       string
	known                       bool // as steady says
	active                      int  // accounts that deal once all have a past; zero: all
}

func (v venue) symbol(i int) string {
	if i == 0 {
		return "BTC-PERP"
	}
	return fmt.Sprintf("M%03d-PERP", i)
}

// whole fills in what was left out.
func (v venue) whole() venue {
	v.markets, v.accounts = max(1, v.markets), max(1, v.sessions, v.accounts)
	return v
}

// steady is what keeps a market from growing with time: nobody is new, and nobody who
// once held a position has funding to come.
func (v venue) steady() string {
	if !v.known {
		return ""
	}
	return "[market.toxicity]\nprobation_fills = 0\n[market.funding]\nbase_bps = \"0\"\nmax_bps = \"0\"\n"
}

// session is who trades for an account.
func (v venue) session(account int) string {
	if v.sessions == 0 {
		return sessionID(0)
	}
	return sessionID(account)
}

// tradedBy lists the accounts of a session as TOML does.
func (v venue) tradedBy(session int) string {
	if v.sessions > 0 {
		return strconv.Quote(sessionID(session))
	}
	all := make([]string, v.accounts)
	for i := range all {
		all[i] = strconv.Quote(sessionID(i))
	}
	return strings.Join(all, ", ")
}

func (v venue) toml(dir string) string {
	v = v.whole()
	if v.speed == "" {
		v.speed = "0.5"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[server]\ndata_dir = %q\ndashboard = \"\"\ndrain = \"1s\"\n[log]\nlevel = \"warn\"\n[fix]\nlisten = \"127.0.0.1:0\"\ncomp_id = %q\n"+
		"[maker]\nequity = \"100000000\"\n", filepath.Join(dir, "data"), serverID)
	var symbols, start []string
	for i := range v.markets {
		s := v.symbol(i)
		symbols, start = append(symbols, strconv.Quote(s)), append(start, fmt.Sprintf("%q = \"60000\"", s))
		fmt.Fprintf(&b, "[[market]]\nsymbol = %q\ntick = \"0.5\"\nlot = \"0.001\"\nmax_order = \"25\"\n"+
			"[market.quote]\nlast_look = \"off\"\nfill_bucket = \"0\"\nfirm_age = \"0s\"\n"+
			"%s", s, v.steady())
	}
	for i := range v.accounts {
		fmt.Fprintf(&b, "[[account]]\nname = %q\ndeposit = \"1000000\"\n", sessionID(i))
	}
	for i := range max(1, v.sessions) {
		fmt.Fprintf(&b, "[[session]]\ncomp_id = %q\nsecret = \"plain:%s\"\naccounts = [%s]\nheartbeat_max = \"1h\"\n"+
			"[session.limits]\norders_per_second = 0\n", sessionID(i), password, v.tradedBy(i))
	}
	fmt.Fprintf(&b, "[[feed]]\nkind = \"synthetic\"\nspeed = %q\nsymbols = [%s]\nstart = { %s }\n",
		v.speed, strings.Join(symbols, ", "), strings.Join(start, ", "))
	return b.String()
}

// gateway starts a gateway, in a directory of its own if dir is empty.
func (r *run) gateway(ctx context.Context, v venue, dir string) (*server, error) {
	if dir == "" {
		var err error
		if dir, err = r.home(); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(dir, "gateway.toml")
	if err := os.WriteFile(file, []byte(v.toml(dir)), 0o600); err != nil {
		return nil, err
	}
	s, err := r.launchGateway(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := quoting(ctx, s); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// launchGateway starts a gateway whose configuration is in dir, and waits until it
// can be reached.
func (r *run) launchGateway(ctx context.Context, dir string) (*server, error) {
	s := &server{dir: dir}
	// One that was killed has left the file behind.
	if err := os.Remove(s.portsFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return launch(ctx, "gateway", dir, "", nil, r.Program, "run", "--config", filepath.Join(dir, "gateway.toml"), "--ports-file", s.portsFile())
}

// quoting waits for the first quote: orders before it are refused.
func quoting(ctx context.Context, s *server) error {
	c, err := connect(ctx, s.addr, 0, "141=Y|")
	if err != nil {
		return err
	}
	defer c.conn.Close()
	defer context.AfterFunc(ctx, func() { c.conn.Close() })()
	if err := c.subscribe(); err != nil {
		return err
	}
	return c.firstQuote()
}

// peer starts this program as a peer of the gateway.
func (r *run) peer(ctx context.Context, kind string, n int) (*server, error) {
	dir, err := r.home()
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	said := fmt.Sprintf("%s=%s %s %d %s", PeerEnv, kind, addr, n, dir)
	return launch(ctx, kind, dir, addr, []string{said}, r.Program, "bench")
}

// cppPeer starts the QuickFIX C++ executor, which is compiled once.
func (r *run) cppPeer(ctx context.Context, store string, sessions int) (*server, error) {
	if r.cpp == "" {
		if err := r.compile(ctx); err != nil {
			return nil, err
		}
	}
	dir, err := r.home()
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	return launch(ctx, "C++ "+store, dir, addr, nil, r.cpp, port, strconv.Itoa(sessions), store, dir)
}

func (r *run) compile(ctx context.Context) error {
	if _, err := exec.LookPath("g++"); err != nil {
		return errNoCPP
	}
	if _, err := os.Stat("/usr/include/quickfix/Session.h"); err != nil {
		return errNoCPP
	}
	r.Progress("compiling the C++ peer")
	source, bin := filepath.Join(r.dir, "executor.cpp"), filepath.Join(r.dir, "executor")
	if err := os.WriteFile(source, executorSource, 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "g++", "-std=c++14", "-O1", "-Wno-deprecated", "-o", bin, source, "-lquickfix", "-lpthread")
	dieWithParent(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("g++: %w\n%s", err, out)
	}
	r.cpp = bin
	return nil
}
