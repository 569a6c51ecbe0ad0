package fix

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"sync"
	"time"
)

// Bounds of what is remembered of failures.
const (
	failuresMax   = 4096
	failureWindow = time.Minute
)

// Why a Logon was refused, for operators; the client is told refusedLogon or
// nothing.
const (
	unknownCompID    = "unknown CompID"
	addressRefused   = "address not allowed"
	foreignCert      = "certificate of another client"
	wrongCredentials = "wrong credentials"
	lockedOut        = "locked out"
	tooManyLogons    = "too many logons at a time"
)

// prove checks what a Logon shows as proof; why is empty if it is right. For a
// session that does not exist, or whose client this cannot be, it takes as much
// time and says the same: l is nil then.
func (g *gate) prove(l *link, h header, host string) (why string) {
	if l != nil && l.cfg.Auth != AuthPassword && l.cfg.Auth != AuthSignature {
		return ""
	}
	book := &g.tries
	if l == nil {
		book = &g.strangers
	}
	who := host + "\x01" + h.sender
	if h.hasProof {
		// One at a time for an address, so that the count below is exact and nobody
		// else waits longer for it.
		leave, ok := g.turns.take(host, g.limits.LogonTimeout)
		if !ok {
			return tooManyLogons
		}
		defer leave()
	}
	now := time.Now()
	if book.isLocked(who, now) {
		return lockedOut
	}
	if h.hasProof && g.matches(l, h) {
		return ""
	}
	if book.failed(who, now, g.limits) && l != nil {
		g.refused.note(refusalKey{host, l.cfg.CompID, lockedNow}, now)
		g.log.Warn("fix logon locked out", "comp_id", l.cfg.CompID, "addr", host, "for", g.limits.Lockout.String())
	}
	return wrongCredentials
}

// matches tells whether the proof is right. What is computed depends on what was
// sent alone, not on whether there is a session, or what it needs.
func (g *gate) matches(l *link, h header) bool {
	signed := h.signature != "" && g.signed(l, h)
	known := h.hasPassword && g.knows(l, h)
	if l != nil && l.cfg.Auth == AuthSignature {
		return signed
	}
	return known
}

// knows compares without telling by its duration how much was right, or
// whether the password is kept as a hash.
func (g *gate) knows(l *link, h header) bool {
	proof, cfg := g.decoy, SessionConfig{}
	if l != nil {
		cfg = l.cfg
	}
	if cfg.Proof != nil {
		proof = cfg.Proof
	}
	right := true
	if proof != nil {
		right = proof(h.password)
	}
	if cfg.Proof == nil {
		right = l != nil && same(h.password, cfg.Password)
	}
	return same(h.user, cfg.Username) && right
}

func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// failures counts wrong logons and locks out, each CompID for each address: the
// client's own address stays open.
type failures struct {
	mu     sync.Mutex
	recent map[string][]time.Time
	locked map[string]time.Time // until when
}

func newFailures() failures {
	return failures{recent: map[string][]time.Time{}, locked: map[string]time.Time{}}
}

func (f *failures) isLocked(who string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	until, ok := f.locked[who]
	if ok && !now.Before(until) {
		delete(f.locked, who)
		ok = false
	}
	return ok
}

// failed counts a wrong logon and tells whether it locks out. What is tried
// while locked out does not count: the lock ends when it says.
func (f *failures) failed(who string, now time.Time, limits Limits) (locks bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.recent) >= failuresMax {
		clear(f.recent)
	}
	recent := slices.DeleteFunc(f.recent[who], func(t time.Time) bool { return now.Sub(t) >= failureWindow })
	recent = append(recent, now)
	if len(recent) < limits.Failures {
		f.recent[who] = recent
		return false
	}
	delete(f.recent, who)
	if len(f.locked) >= failuresMax {
		clear(f.locked)
	}
	f.locked[who] = now.Add(limits.Lockout)
	return true
}

// turns bounds how many do something costly at a time, and lets only one of an
// address in: others of that address wait behind it, those of other addresses
// do not.
type turns struct {
	all chan struct{}
	mu  sync.Mutex
	of  map[string]*turn
}

type turn struct {
	one   chan struct{}
	users int // in or waiting
}

func newTurns(most int) *turns {
	return &turns{all: make(chan struct{}, most), of: map[string]*turn{}}
}

// take waits for a turn; leave ends it. Not ok: the wait was too long.
func (t *turns) take(host string, wait time.Duration) (leave func(), ok bool) {
	t.mu.Lock()
	own := t.of[host]
	if own == nil {
		own = &turn{one: make(chan struct{}, 1)}
		t.of[host] = own
	}
	own.users++
	t.mu.Unlock()
	forget := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(t.of, host)
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case own.one <- struct{}{}:
	case <-timer.C:
		forget()
		return nil, false
	}
	select {
	case t.all <- struct{}{}:
	case <-timer.C:
		<-own.one
		forget()
		return nil, false
	}
	return func() {
		<-t.all
		<-own.one
		forget()
	}, true
}
