package ops

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"backstop/perp"
)

// Limits of the admin socket.
const (
	adminBodyMax  = 16 << 10 // bytes of a command
	adminConnsMax = 16
	adminWaitMax  = 64 // commands whose answer is awaited
	adminWait     = 10 * time.Second
	adminTextMax  = 256 // of a key, a name or a reason
	socketPathMax = 107 // bytes that the system takes for a unix socket
)

// Admin is the socket of the desk: commands that change something. Only the
// owner of the data directory reaches it (mode 0600), and who asked is part of
// the journal.
type Admin struct {
	put      func(perp.Input) bool
	mux      *http.ServeMux
	http     *http.Server
	listener *net.UnixListener
	log      *slog.Logger
	path     string
	dir      *os.File // kept open if the path goes through it, else nil
	wait     time.Duration

	mu      sync.Mutex
	persons map[[sha256.Size]byte]string // by the hash of their token; none: users of the system
	waiting map[string]chan perp.OperatorAnswered
}

// DeskCommand is what a POST to /v1/commands says.
type DeskCommand struct {
	Kind    string `json:"kind"` // Deposit, Withdraw, SetMarket, OpenWithdrawals, StopWithdrawals, SteerSession, ApproveChange, BustTrade
	Key     string `json:"key"`  // counts once
	By      string `json:"by,omitempty"`
	Account string `json:"account,omitempty"`
	Symbol  string `json:"symbol,omitempty"`
	Fund    string `json:"fund,omitempty"`
	Amount  string `json:"amount,omitempty"` // decimal
	Mode    string `json:"mode,omitempty"`   // normal, reduce_only, halted, expired
	Session string `json:"session,omitempty"`
	Verb    string `json:"verb,omitempty"` // enable, disable, kick, set_seq, reset_seq, reset_protection
	In      int64  `json:"in,omitempty"`   // for set_seq
	Out     int64  `json:"out,omitempty"`
	Trade   string `json:"trade,omitempty"`
	Reason  string `json:"reason,omitempty"`

	Propose  bool   `json:"propose,omitempty"`  // keep it for a second person
	Proposal int64  `json:"proposal,omitempty"` // for ApproveChange
	Token    string `json:"token,omitempty"`    // of the person who asks; it goes no further
}

// DeskAnswer is how a command ended. Reject is empty when it was done.
type DeskAnswer struct {
	Done   bool   `json:"done"`
	Key    string `json:"key"`
	Text   string `json:"text,omitempty"`
	Reject string `json:"reject,omitempty"`
	Detail string `json:"detail,omitempty"`
	Need   int64  `json:"need_units,omitempty"`
	Have   int64  `json:"have_units,omitempty"`
}

// NewAdmin listens on a unix socket at path, replacing one that a crash left
// behind: the data directory is locked, so it is nobody's.
func NewAdmin(path string, put func(perp.Input) bool, log *slog.Logger) (*Admin, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("admin socket: %q is there and is no socket", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	at, dir, err := reach(path)
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: at, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	// The directory is 0700, so nobody came in between.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("admin socket: %w", err), l.Close())
	}
	a := &Admin{put: put, listener: l, log: log, path: path, dir: dir, wait: adminWait, waiting: map[string]chan perp.OperatorAnswered{}}
	a.mux = http.NewServeMux()
	a.mux.HandleFunc("POST /v1/commands", a.command)
	a.http = &http.Server{
		Handler: a.mux, ReadHeaderTimeout: headerWait, ReadTimeout: answerWait, WriteTimeout: answerWait, IdleTimeout: idleWait,
		MaxHeaderBytes: headerMax, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), ConnContext: withPeer,
	}
	return a, nil
}

// Path is where the socket is.
func (a *Admin) Path() string { return a.path }

// Show adds a view that the desk may read, as JSON at /v1/NAME; before Start.
func (a *Admin) Show(name string, view func() any) {
	a.mux.HandleFunc("GET /v1/"+name, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(view()); err != nil {
			a.log.Debug("view not read", "error", err)
		}
	})
}

// Start serves until Stop.
func (a *Admin) Start() {
	go func() {
		if err := a.http.Serve(limit(a.listener, adminConnsMax)); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("admin socket ended", "error", err)
		}
	}()
}

// Stop waits for answers under way.
func (a *Admin) Stop(timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	err := a.http.Shutdown(ctx)
	if closed := a.listener.Close(); closed != nil && !errors.Is(closed, net.ErrClosed) { // Open if it never served.
		err = errors.Join(err, closed)
	}
	if a.dir != nil {
		err = errors.Join(err, a.dir.Close())
	}
	if err != nil {
		return fmt.Errorf("admin socket: %w", err)
	}
	return nil
}

// Apply hands answers that are durable to those who wait for them.
func (a *Admin) Apply(entries []perp.Entry) {
	for _, e := range entries {
		for _, ev := range e.Events {
			if answer, ok := ev.(perp.OperatorAnswered); ok {
				a.mu.Lock()
				if c := a.waiting[waitKey(answer.Key, answer.By)]; c != nil {
					c <- answer // Room for one, and there is one for each key.
					delete(a.waiting, waitKey(answer.Key, answer.By))
				}
				a.mu.Unlock()
			}
		}
	}
}

func waitKey(key, by string) string { return key + "\x00" + by }

type peerKey struct{}

// withPeer notes who is at the other end of the socket.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	who := "unknown"
	if p, counted := c.(*placed); counted {
		c = p.Conn
	}
	unix, ok := c.(interface {
		SyscallConn() (syscall.RawConn, error)
	})
	if ok {
		if raw, err := unix.SyscallConn(); err == nil {
			var credentials *syscall.Ucred
			var failed error
			err = raw.Control(func(fd uintptr) {
				credentials, failed = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
			})
			if err == nil && failed == nil {
				who = "uid " + strconv.Itoa(int(credentials.Uid))
			}
		}
	}
	return context.WithValue(ctx, peerKey{}, who)
}

// command puts one command in the inbox and answers when it is durable.
func (a *Admin) command(w http.ResponseWriter, r *http.Request) {
	var c DeskCommand
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, adminBodyMax))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		a.refuse(w, http.StatusBadRequest, c.Key, perp.BadRequest, err.Error())
		return
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		a.refuse(w, http.StatusBadRequest, c.Key, perp.BadRequest, "more than one command")
		return
	}
	who, person := a.who(r, c)
	cmd, err := c.command(who)
	if err == nil {
		cmd, err = c.shared(cmd, who, person)
	}
	if err != nil {
		a.refuse(w, http.StatusBadRequest, c.Key, perp.BadRequest, err.Error())
		return
	}
	answer, free := a.await(waitKey(c.Key, who))
	if !free {
		a.refuse(w, http.StatusServiceUnavailable, c.Key, perp.Throttled, "this key is being answered, or too many commands wait")
		return
	}
	if !a.put(perp.Input{Command: cmd, Source: "operator"}) {
		a.forget(waitKey(c.Key, who))
		a.refuse(w, http.StatusServiceUnavailable, c.Key, perp.NotReady, "the inbox is full; nothing was done")
		return
	}
	timer := time.NewTimer(a.wait)
	defer timer.Stop()
	select {
	case done := <-answer:
		a.tell(w, done)
	case <-timer.C:
		a.forget(waitKey(c.Key, who))
		a.refuse(w, http.StatusGatewayTimeout, c.Key, perp.NotReady, "no answer yet; it may still be done: ask again with the same key")
	}
}

func (a *Admin) await(key string) (chan perp.OperatorAnswered, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting[key] != nil || len(a.waiting) >= adminWaitMax {
		return nil, false
	}
	c := make(chan perp.OperatorAnswered, 1)
	a.waiting[key] = c
	return c, true
}

func (a *Admin) forget(key string) {
	a.mu.Lock()
	delete(a.waiting, key)
	a.mu.Unlock()
}

func (a *Admin) tell(w http.ResponseWriter, e perp.OperatorAnswered) {
	v := e.Verdict
	answer := DeskAnswer{Done: v.OK(), Key: e.Key, Text: e.Text, Reject: v.Reject.String(), Detail: v.Detail, Need: v.Need, Have: v.Have}
	code := http.StatusOK
	if !v.OK() {
		code = http.StatusConflict
	}
	a.write(w, code, answer)
}

func (a *Admin) refuse(w http.ResponseWriter, code int, key string, reject perp.Reject, detail string) {
	a.write(w, code, DeskAnswer{Key: key, Reject: reject.String(), Detail: detail})
}

func (a *Admin) write(w http.ResponseWriter, code int, answer DeskAnswer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		a.log.Debug("answer not read", "error", err)
	}
}

var modes = map[string]perp.MarketMode{
	"normal": perp.ModeNormal, "reduce_only": perp.ModeReduceOnly, "halted": perp.ModeHalted, "expired": perp.ModeExpired,
}

// command turns the words into a command; what cannot be one is refused here,
// what may not be done by the engine.
func (c DeskCommand) command(who string) (perp.Command, error) {
	for name, s := range map[string]string{
		"key": c.Key, "by": c.By, "account": c.Account, "symbol": c.Symbol, "fund": c.Fund, "reason": c.Reason,
		"session": c.Session, "verb": c.Verb, "trade": c.Trade,
	} {
		if len(s) > adminTextMax || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, fmt.Errorf("%s: at most %d printable bytes", name, adminTextMax)
		}
	}
	if c.Key == "" {
		return nil, errors.New("key: missing; it makes the command count once")
	}
	op := perp.Operator{Key: c.Key, By: who, Reason: c.Reason}
	switch c.Kind {
	case perp.Deposit{}.Kind(), perp.Withdraw{}.Kind():
		amount, err := perp.ParseMoney(c.Amount)
		if err != nil {
			return nil, fmt.Errorf("amount: %w", err)
		}
		if c.Kind == (perp.Withdraw{}).Kind() {
			return perp.Withdraw{Operator: op, Account: c.Account, Symbol: c.Symbol, Fund: c.Fund, Amount: amount}, nil
		}
		return perp.Deposit{Account: c.Account, Symbol: c.Symbol, Fund: c.Fund, Amount: amount, Key: c.Key, By: who, Reason: c.Reason}, nil
	case perp.SetMarket{}.Kind():
		mode, known := modes[c.Mode]
		if !known {
			return nil, fmt.Errorf("mode: %q is none of normal, reduce_only, halted, expired", c.Mode)
		}
		return perp.SetMarket{Operator: op, Symbol: c.Symbol, Mode: mode}, nil
	case perp.OpenWithdrawals{}.Kind():
		return perp.OpenWithdrawals{Operator: op}, nil
	case perp.StopWithdrawals{}.Kind():
		return perp.StopWithdrawals{Operator: op}, nil
	case perp.BustTrade{}.Kind():
		if c.Trade == "" || strings.TrimSpace(c.Reason) == "" {
			return nil, errors.New("trade and reason: both must be said")
		}
		return perp.BustTrade{Operator: op, TradeID: c.Trade}, nil
	case perp.ApproveChange{}.Kind():
		return perp.ApproveChange{Operator: op, Proposal: c.Proposal}, nil
	case perp.SteerSession{}.Kind():
		v, err := verb(c.Verb)
		return perp.SteerSession{Operator: op, Session: c.Session, Verb: v, In: c.In, Out: c.Out, Symbol: c.Symbol}, err
	}
	return nil, fmt.Errorf("kind: %q is none of Deposit, Withdraw, SetMarket, OpenWithdrawals, StopWithdrawals, SteerSession, ApproveChange, BustTrade", c.Kind)
}

// verb reads what is wanted of a session.
func verb(text string) (perp.SessionVerb, error) {
	var known []string
	for _, v := range perp.SessionVerbs() {
		if v.String() == text {
			return v, nil
		}
		known = append(known, v.String())
	}
	return 0, fmt.Errorf("verb: %q is none of %s", text, strings.Join(known, ", "))
}
