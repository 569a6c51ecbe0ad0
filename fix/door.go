package fix

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"backstop/perp"
	"backstop/spec"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/config"
)

// Config is what the door needs to know.
type Config struct {
	Listen   string // HOST:PORT; port 0 picks a free one
	DataDir  string // the dictionary is written below it, because the session engine reads a file
	Sessions []SessionConfig
}

// Door is the FIX side of the gateway: the session engine behind our own skin.
// The loop calls Encode, Drain, Release and Publish, in this order and from one
// goroutine; everything else may be called from anywhere.
type Door struct {
	cfg      Config
	inbox    func(perp.Input) bool
	log      *slog.Logger
	desk     *desk
	codec    *codec
	gate     *gate
	lines    []*line
	byClient map[string]*line
	byID     map[quickfix.SessionID]*line
	acceptor *quickfix.Acceptor
	addr     net.Addr
	dirty    chan struct{}
	fault    chan error
}

// New builds the door. sessions are the numbers of the last commit; load reads
// durable messages back. An error is a configuration that cannot work.
func New(cfg Config, inbox func(perp.Input) bool, sessions []perp.SessionWrite, load func(session string, epoch, from, to int64, fn func(perp.WireMessage) error) error, log *slog.Logger) (*Door, error) {
	d := &Door{
		cfg: cfg, inbox: inbox, log: log, gate: newGate(),
		byClient: map[string]*line{}, byID: map[quickfix.SessionID]*line{},
		dirty: make(chan struct{}, 1), fault: make(chan error, 1),
	}
	d.desk = newDesk(d.wake)
	roles := map[string][]string{}
	known := map[string]perp.SessionWrite{}
	for _, w := range sessions {
		known[w.Session] = w
	}
	now := time.Now()
	for _, s := range cfg.Sessions {
		w := known[s.CompID]
		w.Session = s.CompID
		id := quickfix.SessionID{BeginString: quickfix.BeginStringFIX44, SenderCompID: s.OurCompID, TargetCompID: s.CompID}
		l := &line{cfg: s, id: id, numbers: newNumbers(w, now, d.wake, load)}
		if d.byClient[s.CompID] != nil {
			return nil, fmt.Errorf("session %s stands twice", s.CompID)
		}
		d.lines, d.byClient[s.CompID], d.byID[id], roles[s.CompID] = append(d.lines, l), l, l, s.Roles
		d.gate.lines[lineKey{id.BeginString, s.CompID, s.OurCompID}] = l
	}
	d.codec = newCodec(roles, d.desk)
	return d, nil
}

// wake makes Dirty fire; it never waits.
func (d *Door) wake() {
	select {
	case d.dirty <- struct{}{}:
	default: // It fires already.
	}
}

// Restate tells the door what is the case, before Start.
func (d *Door) Restate(events []perp.Event) { d.desk.restate(events) }

// Start listens. The address is known afterwards.
func (d *Door) Start() error {
	inner, err := net.Listen("tcp", d.cfg.Listen)
	if err != nil {
		return fmt.Errorf("fix: %w", err)
	}
	d.addr = inner.Addr()
	settings, err := d.settings()
	if err == nil {
		d.acceptor, err = quickfix.NewAcceptor(d, d, settings, logFactory{d.log})
	}
	if err == nil {
		d.acceptor.SetNewListenerCallback(d.listen(inner))
		err = d.acceptor.Start()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("fix: %w", err), inner.Close())
	}
	return nil
}

// settings are those of the session engine: static sessions, our dictionary.
func (d *Door) settings() (*quickfix.Settings, error) {
	dictionary, err := d.writeDictionary()
	if err != nil {
		return nil, err
	}
	all := quickfix.NewSettings()
	g := all.GlobalSettings()
	host, port, err := net.SplitHostPort(d.addr.String())
	if err != nil {
		return nil, err
	}
	g.Set(config.SocketAcceptHost, host)
	g.Set(config.SocketAcceptPort, port)
	for _, l := range d.lines {
		s := quickfix.NewSessionSettings()
		s.Set(config.BeginString, l.id.BeginString)
		s.Set(config.SenderCompID, l.id.SenderCompID)
		s.Set(config.TargetCompID, l.id.TargetCompID)
		s.Set(config.DataDictionary, dictionary)
		if l.cfg.ResetOnLogon {
			s.Set(config.ResetOnLogon, "Y")
		}
		if _, err := all.AddSession(s); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// writeDictionary puts the embedded dictionary where the engine can read it,
// under the hash of its content.
func (d *Door) writeDictionary() (string, error) {
	src := spec.Dictionary()
	sum := sha256.Sum256(src)
	dir := filepath.Join(d.cfg.DataDir, "dict")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("dictionary: %w", err)
	}
	path := filepath.Join(dir, hex.EncodeToString(sum[:])+".xml")
	if err := os.WriteFile(path, src, 0o600); err != nil {
		return "", fmt.Errorf("dictionary: %w", err)
	}
	return path, nil
}

// Create makes the message store of a session, for the session engine.
func (d *Door) Create(id quickfix.SessionID) (quickfix.MessageStore, error) {
	l := d.byID[id]
	if l == nil {
		return nil, fmt.Errorf("no session %s", id)
	}
	return l.numbers, nil
}

// Addr is where the door listens, once it has started.
func (d *Door) Addr() net.Addr { return d.addr }

// Dirty fires when something must be committed although no command waits.
func (d *Door) Dirty() <-chan struct{} { return d.dirty }

// Fault reports that a callback panicked; the gateway must end.
func (d *Door) Fault() <-chan error { return d.fault }

// Encode numbers and encodes the messages of applied commands. Nothing leaves:
// the store keeps the bytes in memory and the connections hold them.
func (d *Door) Encode(entries []perp.Entry) {
	for _, e := range entries {
		for _, ev := range e.Events {
			for _, out := range d.codec.encode(ev, e.Time) {
				d.send(out)
			}
		}
		if o, ok := originOf(e.Command); ok {
			if l := d.byClient[o.Session]; l != nil {
				l.numbers.settle(o.InSeq, true)
			}
		}
	}
}

func originOf(c perp.Command) (o perp.Origin, ok bool) {
	switch c := c.(type) {
	case perp.PlaceOrder:
		return c.Origin, true
	case perp.CancelOrder:
		return c.Origin, true
	case perp.ReplaceOrder:
		return c.Origin, true
	case perp.RequestStatus:
		return c.Origin, true
	case perp.RequestQuote:
		return c.Origin, true
	case perp.RequestPositions:
		return c.Origin, true
	}
	return o, false
}

// send gives a message its number. A type that is never resent is only for a
// session that is there to read it.
func (d *Door) send(out outMessage) {
	l := d.byClient[out.session]
	if l == nil {
		return // The session was removed from the configuration.
	}
	kind, err := out.msg.MsgType()
	if err == nil && !stored[kind] && !l.isUp() {
		return
	}
	if err := quickfix.SendToTarget(out.msg, l.id); err != nil {
		d.log.Error("message not sent", "session", out.session, "type", kind, "error", err)
	}
}

// Drain returns what the next commit must make durable about the sessions.
func (d *Door) Drain() (writes []perp.SessionWrite) {
	for _, l := range d.lines {
		writes = append(writes, l.numbers.drain()...)
	}
	return writes
}

// Release lets out what a commit made durable.
func (d *Door) Release(writes []perp.SessionWrite) {
	for _, w := range writes {
		if l := d.byClient[w.Session]; l != nil {
			l.numbers.release(w)
			l.nudge()
		}
	}
}

// Publish sends market data and status to those who subscribed, after the
// commit of the batch that it stems from.
func (d *Door) Publish(entries []perp.Entry) {
	for _, out := range d.desk.publish(entries, func(session string) bool {
		l := d.byClient[session]
		return l != nil && l.ready()
	}) {
		d.send(out)
	}
}

// Status returns every session in the order of the configuration.
func (d *Door) Status() (all []SessionStatus) {
	for _, l := range d.lines {
		all = append(all, l.status())
	}
	return all
}

// Stop logs every session out and stops listening. The loop must go on turning
// meanwhile, because a Logout too leaves only after its number is durable.
// Afterwards a last Drain, Commit and Release gives reserved numbers back.
func (d *Door) Stop(timeout time.Duration) error {
	done := make(chan struct{})
	go func() {
		d.acceptor.Stop()
		close(done)
	}()
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
		return errors.New("fix: sessions did not end in " + strconv.FormatFloat(timeout.Seconds(), 'f', -1, 64) + " s")
	}
	for _, l := range d.lines {
		l.numbers.finish()
	}
	return nil
}

// listen hands our listener to the session engine.
func (d *Door) listen(inner net.Listener) quickfix.NewListenerCallback {
	return func(string, *tlsConfig) (net.Listener, error) {
		return &listener{Listener: inner, gate: d.gate, log: d.log.Info}, nil
	}
}
