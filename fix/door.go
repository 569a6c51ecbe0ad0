package fix

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"backstop/perp"
	"backstop/spec"

	"github.com/quickfixgo/quickfix"
)

// Config says how clients reach the gateway.
type Config struct {
	Listen   string // host:port; port 0 takes a free one
	CompID   string // our CompID for sessions that name none
	Sessions []SessionConfig
	TLS      *TLS // nil: plain TCP
	// AccountEvents is how many events of each account were told so far.
	AccountEvents map[string]int64
	// Inject is what goes wrong with the reports of a market, by symbol: InjectGap, ….
	// Only a certification configuration has it.
	Inject map[string]string
	Limits Limits
	// Overhear is shown what is said, of every session; nil: nobody looks.
	Overhear Overhear

	echo func(*Door) quickfix.Application // in the place of callbacks: only tests have one
}

// SessionConfig is one client.
type SessionConfig struct {
	CompID      string
	OurCompID   string // empty: Config.CompID
	BeginString string // empty: FIX.4.4
	Auth        string // AuthPassword (also when empty), AuthSignature, AuthMTLS or AuthNone
	Username    string // empty: CompID
	Password    string
	// Proof, instead of Password, compares with a hash. It may cost time and
	// memory: Limits.Proofs run at a time.
	Proof func(password string) bool
	// SigningKey checks the signatures of AuthSignature.
	SigningKey SigningKey
	// CertSPKI is the SHA-256, in hex, of the public key that the client's
	// certificate must have; empty: its common name must be the CompID.
	CertSPKI string
	// ResetOnLogon starts both numbers at 1 at every Logon: only for sessions
	// that need no recovery, such as tests.
	ResetOnLogon bool
	// AllowReset lets the client ask for a reset with 141=Y. Reports that it is not
	// known to have are then sent again with 97=Y.
	AllowReset   bool
	Roles        []string // what it may ask for; none: trade
	Accounts     []string // accounts that it may trade; told to nobody here, risk checks them
	AllowIPs     []string // addresses or networks; none: any
	HeartbeatMin time.Duration
	HeartbeatMax time.Duration // zero: 1 s and 60 s
	// CancelOnDisconnect is told to the engine with the end of a session, unless
	// the client asked otherwise in its Logon.
	CancelOnDisconnect bool

	// OrdersPerSecond is the most new, changed and quoted orders a second, and as many
	// requests of each other class, of cancels ten times; 0: any.
	OrdersPerSecond int
	// Inject is what goes wrong on the wire; only in a certification configuration.
	Inject Inject
}

// How a Logon proves who it is.
const (
	AuthPassword  = "password"
	AuthSignature = "signature" // of each Logon, with a key
	AuthMTLS      = "mtls"      // the client's certificate is enough
	AuthNone      = "none"
)

// Limits bound what strangers and clients can make the gateway hold. A zero
// takes the default.
type Limits struct {
	LogonTimeout   time.Duration // from connect to a whole Logon; 5 s
	LogonBytes     int           // of everything before the logon; 4 KiB
	BodyBytes      int           // BodyLength of one message; 64 KiB
	Connections    int           // in all; 1,000
	PerAddress     int           // of one address; 20
	QueueBytes     int           // that wait for one client; 8 MiB
	WriteStall     time.Duration // one write without progress; 2 s
	WriteStalls    int           // in a row before the client is cut; 3
	Linger         time.Duration // for the last bytes of a connection; 1 s
	Failures       int           // wrong logons of one CompID and address in a minute; 5
	Lockout        time.Duration // after that many; 15 min
	Proofs         int           // of password hashes at a time; a quarter of the processors
	Ahead          int           // messages beyond a gap in the numbers; 5,000
	ReplayMessages int           // answered to one ResendRequest; 10,000
	ReplayBytes    int           // the same in bytes; 4 MiB
	BigReplays     int           // ResendRequests for over 1,000 numbers at once; 5, and one more every ten seconds
	Repeats        int           // reports sent again after a sequence reset; 10,000
	Skew           time.Duration // of SendingTime(52) from our clock, whole seconds; 2 min
	Ban            time.Duration // of a client that was logged out for its message rate; 5 s
	RefusalSpan    time.Duration // refused connections that are alike in it are one row of the audit; 1 min
}

func (l Limits) withDefaults() Limits {
	duration := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	count := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	duration(&l.LogonTimeout, 5*time.Second)
	duration(&l.WriteStall, 2*time.Second)
	duration(&l.Linger, time.Second)
	duration(&l.Lockout, 15*time.Minute)
	duration(&l.RefusalSpan, refusalSpan)
	duration(&l.Skew, 2*time.Minute)
	duration(&l.Ban, 5*time.Second)
	count(&l.LogonBytes, 4<<10)
	count(&l.BodyBytes, 64<<10)
	count(&l.Connections, 1000)
	count(&l.PerAddress, 20)
	count(&l.QueueBytes, 8<<20)
	count(&l.WriteStalls, 3)
	count(&l.Failures, 5)
	count(&l.Proofs, max(1, runtime.GOMAXPROCS(0)/4))
	count(&l.Ahead, 5000)
	count(&l.ReplayMessages, 10_000)
	count(&l.ReplayBytes, 4<<20)
	count(&l.BigReplays, 5)
	count(&l.Repeats, 10_000)
	return l
}

// LoadFunc reads the stored messages of one epoch of a session, from..to, in
// order.
type LoadFunc func(session string, epoch, from, to int64, fn func(perp.WireMessage) error) error

// Door is the FIX acceptor. Encode, Drain, Release and Publish belong to the
// one goroutine of the sequencer; the rest may be called from anywhere.
type Door struct {
	cfg      Config
	inbox    func(perp.Input) bool
	log      *slog.Logger
	codec    *codec
	desk     *desk
	links    []*link // in the order of the configuration
	byID     map[quickfix.SessionID]*link
	byComp   map[string]*link
	gate     *gate
	guard    *guard
	acceptor *quickfix.Acceptor
	started  atomic.Bool
	stopped  atomic.Bool
	sending  atomic.Pointer[outMessage] // what the loop sends just now

	certificates atomic.Pointer[tls.Config] // of handshakes from now on; nil without TLS

	dirty chan struct{}
	fault chan error
}

// link is one client session for the life of the process.
type link struct {
	cfg     SessionConfig
	id      quickfix.SessionID
	version spec.Version
	log     sessionLog // names the session
	speaks  dialect    // of another version than FIX 4.4; else the connection says which
	numbers *numbers
	// currency is that of a market; nil: unknown.
	currency func(symbol string) string
	up       atomic.Bool
	holder   atomic.Pointer[conn]
	lastIn   atomic.Int64 // unix ns
	lastOut  atomic.Int64
	replays  replayLimit
	buckets  [classEnd]perp.Time // token buckets: when each is full again; only the session's goroutine touches them, and abuse
	abuse    abuse
	inject   *injector    // nil: nothing goes wrong on purpose
	banned   atomic.Int64 // unix ns; until when the client is kept out
	bye      atomic.Int64 // one more than the number of our Logout on this connection; 0: none
	echo     string       // Dialect(22000) of the last Logon; only the session's goroutine touches it

	life        life
	disabled    atomic.Pointer[string] // why the desk has shut the client out
	endsOrders  bool                   // orders end with the session; only the session's goroutine touches it
	echoCancels []pair                 // as echo
}

// SessionStatus is what operators see of one session.
type SessionStatus struct {
	CompID          string
	Up              bool
	InSeq, OutSeq   int64 // next numbers
	LastIn, LastOut time.Time
	Queue           int // bytes that wait for the client
	Addr            string
	Disabled        string // why the desk has shut the client out, if it has
	Cancels         bool   // orders end with the session, unless the client asks otherwise
}

// New makes a door. Sessions are what the store knows of earlier runs; load
// reads their messages. Inbox takes a command and reports whether there was
// room; it must not block.
func New(cfg Config, inbox func(perp.Input) bool, sessions []perp.SessionWrite, load LoadFunc, log *slog.Logger) (*Door, error) {
	cfg.Limits = cfg.Limits.withDefaults()
	d := &Door{
		cfg: cfg, inbox: inbox, log: log,
		byID: map[quickfix.SessionID]*link{}, byComp: map[string]*link{},
		dirty: make(chan struct{}, 1), fault: make(chan error, 1),
	}
	d.desk = newDesk(d.wake)
	d.desk.dialect, d.desk.keeps = d.dialectOf, d.keepsOf
	d.desk.ask = func(cmd perp.Command) bool { return inbox(perp.Input{Command: cmd, Source: "fix"}) }
	known := map[string]perp.SessionWrite{}
	for _, s := range sessions {
		if s.Epoch >= known[s.Session].Epoch {
			known[s.Session] = s
		}
	}
	roles := map[string][]string{}
	for _, s := range cfg.Sessions {
		if err := d.addLink(s, known[s.CompID], load); err != nil {
			return nil, err
		}
		roles[s.CompID] = s.Roles
		d.desk.users[s.CompID] = userFacts{name: d.byComp[s.CompID].cfg.Username, orders: s.OrdersPerSecond, roles: s.Roles}
	}
	if len(d.links) == 0 {
		return nil, errors.New("fix: no sessions configured")
	}
	d.codec = newCodec(roles, d.desk)
	d.codec.events = newEventCounts(cfg.AccountEvents)
	var err error
	if d.gate, err = newGate(d.links, cfg, log); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Door) addLink(s SessionConfig, earlier perp.SessionWrite, load LoadFunc) error {
	if s.OurCompID == "" {
		s.OurCompID = d.cfg.CompID
	}
	if s.BeginString == "" {
		s.BeginString = quickfix.BeginStringFIX44
	}
	if s.Username == "" {
		s.Username = s.CompID
	}
	if s.HeartbeatMin == 0 {
		s.HeartbeatMin = time.Second
	}
	if s.HeartbeatMax == 0 {
		s.HeartbeatMax = time.Minute
	}
	if s.CompID == "" || s.OurCompID == "" || d.byComp[s.CompID] != nil {
		return fmt.Errorf("fix: session %q of %q: CompIDs must be given and differ from session to session", s.CompID, s.OurCompID)
	}
	if s.Auth == "" {
		s.Auth = AuthPassword
	}
	if s.Auth == AuthPassword && s.Password == "" && s.Proof == nil {
		return fmt.Errorf("fix: session %s: no password", s.CompID)
	}
	if s.Auth == AuthSignature {
		if err := s.SigningKey.good(); err != nil {
			return fmt.Errorf("fix: session %s: %w", s.CompID, err)
		}
	}
	if s.OrdersPerSecond < 0 {
		return fmt.Errorf("fix: session %s: a negative number of orders per second", s.CompID)
	}
	version, known := spec.VersionOf(s.BeginString)
	if !known {
		return fmt.Errorf("fix: session %s: BeginString %q is not spoken here", s.CompID, s.BeginString)
	}
	l := &link{cfg: s, version: version, log: sessionLog{d.log.With("comp_id", s.CompID)}, speaks: foreignDialects[version.Key], id: quickfix.SessionID{BeginString: s.BeginString, SenderCompID: s.OurCompID, TargetCompID: s.CompID}}
	l.currency = d.desk.currencyOf
	if err := s.Inject.good(); err != nil {
		return fmt.Errorf("fix: session %s: inject: %w", s.CompID, err)
	}
	l.inject = newInjector(s, d.cfg.Inject, d.log)
	l.numbers = newNumbers(s.CompID, earlier, load, d)
	l.replays.most, l.replays.full = int64(d.cfg.Limits.BigReplays), int64(d.cfg.Limits.ReplayMessages)
	d.links = append(d.links, l)
	d.byID[l.id], d.byComp[s.CompID] = l, l
	return nil
}

// Restate takes over the state of the engine before Start: instruments, quotes,
// the classes of sessions, balances.
func (d *Door) Restate(events []perp.Event) {
	d.desk.restate(events)
	for _, ev := range events {
		d.codec.stands(ev)
		d.codec.holds(ev)
		if s, ok := ev.(perp.SessionSteered); ok {
			d.obey(s)
		}
	}
}

// Start listens and answers. The loop must already be running: the first
// numbers have to be reserved before a Logon can be answered.
func (d *Door) Start() error {
	listener, err := net.Listen("tcp", d.cfg.Listen)
	if err != nil {
		return fmt.Errorf("fix: listen: %w", err)
	}
	d.guard = newGuard(d, listener)
	if d.acceptor, err = d.newAcceptor(); err == nil {
		err = d.acceptor.Start()
	}
	if err != nil {
		listener.Close()
		d.unregister()
		return fmt.Errorf("fix: start: %w", err)
	}
	d.started.Store(true)
	d.wake()
	return nil
}

// Addr is where the door listens; nil before Start.
func (d *Door) Addr() net.Addr {
	if d.guard == nil {
		return nil
	}
	return d.guard.listener.Addr()
}

// Stop logs every client out, lets the last bytes go and closes. The loop must
// keep draining and committing meanwhile. Afterwards one more Drain returns the
// numbers without reservations, so that a clean stop leaves no gap.
func (d *Door) Stop(timeout time.Duration) error {
	if !d.started.Load() || d.stopped.Swap(true) {
		return nil
	}
	deadline := time.Now().Add(timeout)
	d.tellRefusals(time.Now(), true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.acceptor.Stop()
		d.guard.wait()
	}()
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	var late error
	select {
	case <-done:
	case <-timer.C:
		late = fmt.Errorf("fix: clients were cut: not logged out within %s", timeout)
	}
	d.guard.cutAll()
	d.unregister()
	for _, l := range d.links {
		l.numbers.settleReserve()
	}
	return late
}

// unregister forgets the sessions in the session library's table, which is
// shared by the whole process.
func (d *Door) unregister() {
	for _, l := range d.links {
		// An error means that it is gone already, which is what is wanted.
		_ = quickfix.UnregisterSession(l.id)
	}
}

// Dirty holds a token when numbers or messages wait for a commit although no
// command does, or when Publish has something to send.
func (d *Door) Dirty() <-chan struct{} { return d.dirty }

// Fault tells that a callback panicked: a bug. The gateway must end.
func (d *Door) Fault() <-chan error { return d.fault }

func (d *Door) wake() {
	select {
	case d.dirty <- struct{}{}:
	default: // The token is there already.
	}
}

// Status describes every configured session, in that order.
func (d *Door) Status() []SessionStatus {
	all := make([]SessionStatus, 0, len(d.links))
	for _, l := range d.links {
		s := SessionStatus{CompID: l.cfg.CompID, Up: l.up.Load()}
		s.InSeq, s.OutSeq = l.numbers.next()
		s.LastIn, s.LastOut = at(l.lastIn.Load()), at(l.lastOut.Load())
		s.Cancels = l.cfg.CancelOnDisconnect
		if why := l.disabled.Load(); why != nil {
			s.Disabled = *why
		}
		if c := l.holder.Load(); c != nil && c.Conn != nil {
			s.Queue, s.Addr = c.queuedBytes(), c.RemoteAddr().String()
		}
		all = append(all, s)
	}
	return all
}

// Knocks lists refused connections, the most recent first.
func (d *Door) Knocks() []Knock { return d.gate.list() }

func at(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}
