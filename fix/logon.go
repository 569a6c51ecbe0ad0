package fix

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what is remembered about strangers.
const (
	knocksMax     = 256
	failuresMax   = 4096
	failureWindow = time.Minute
	compIDMax     = 64 // characters of a CompID that are kept in a knock
)

// takeOverWait is how long a new connection waits for an old one of the same
// client that is already ending.
const (
	takeOverWait   = 2 * time.Second
	takeOverMoment = 100 * time.Millisecond
)

// Texts of a Logout that refuses a Logon. Who may not come in learns nothing.
const (
	refusedLogon     = "Logon refused"
	refusedHeartbeat = "HeartBtInt out of range"
	refusedEncrypt   = "EncryptMethod must be 0"
	refusedReset     = "ResetSeqNumFlag is not allowed on this session"
	refusedDialect   = "Dialect(22000) must be STRICT44 or VAMM1"

	refusedDialectChange = "Dialect(22000) cannot change within a session"
)

// Knock counts refused connections of one address and CompID.
type Knock struct {
	Addr, CompID, Reason string
	Count                int64
	Last                 time.Time
}

// gate decides who comes in, before the session library sees a byte: a refused
// Logon must not touch the numbers of the session it names (C3).
type gate struct {
	limits   Limits
	links    map[string]*link
	allowed  map[*link][]netip.Prefix
	mu       sync.Mutex
	knocks   []Knock
	failures map[string][]time.Time
	locked   map[string]time.Time
}

func newGate(links []*link, limits Limits) (*gate, error) {
	g := &gate{
		limits: limits, links: map[string]*link{}, allowed: map[*link][]netip.Prefix{},
		failures: map[string][]time.Time{}, locked: map[string]time.Time{},
	}
	for _, l := range links {
		g.links[identity(l.id.BeginString, l.id.TargetCompID, l.id.SenderCompID)] = l
		for _, text := range l.cfg.AllowIPs {
			p, err := prefix(text)
			if err != nil {
				return nil, fmt.Errorf("fix: session %s: allow_ips: %w", l.cfg.CompID, err)
			}
			g.allowed[l] = append(g.allowed[l], p)
		}
	}
	return g, nil
}

func prefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text)
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return a.Prefix(a.BitLen())
}

func identity(begin, client, our string) string { return begin + "\x01" + client + "\x01" + our }

// admit decides on a Logon. A nil link means no; then text is what a Logout
// says, or empty to close without a word: a message would tell a stranger
// which CompIDs exist.
func (g *gate) admit(h header, c *conn, now time.Time) (l *link, text string, known *link) {
	l = g.links[identity(h.begin, h.sender, h.target)]
	if l == nil || h.sub {
		g.knock(c.host, h.sender, "unknown CompID")
		return nil, "", nil
	}
	if !g.mayConnect(l, c.host) {
		g.knock(c.host, h.sender, "address not allowed")
		return nil, "", nil
	}
	who := c.host + "\x01" + h.sender
	if g.isLocked(who, now) || !proved(l.cfg, h) {
		g.failed(who, now)
		g.knock(c.host, h.sender, "wrong credentials")
		return nil, refusedLogon, l
	}
	if text := terms(l.cfg, h); text != "" {
		return nil, text, l
	}
	c.dialect = dialects[h.dialect] // Before others can see the connection.
	if !l.claim(c) {
		g.knock(c.host, h.sender, "already connected")
		return nil, "", nil
	}
	return l, "", l
}

// terms checks what a Logon asks for.
func terms(cfg SessionConfig, h header) string {
	if h.hasHeartbeat {
		n, ok := digits([]byte(h.heartbeat), 5)
		if beat := time.Duration(n) * time.Second; !ok || beat < cfg.HeartbeatMin || beat > cfg.HeartbeatMax {
			return refusedHeartbeat
		}
	}
	if h.encrypt != "" && h.encrypt != "0" {
		return refusedEncrypt
	}
	if h.reset && !cfg.mayReset() {
		return refusedReset
	}
	if _, known := dialects[h.dialect]; h.hasDialect && !known {
		return refusedDialect
	}
	return ""
}

func (s SessionConfig) mayReset() bool { return s.AllowReset || s.ResetOnLogon }

// proved compares without telling by its duration how much was right.
func proved(cfg SessionConfig, h header) bool {
	if cfg.Auth == AuthNone {
		return true
	}
	user, password := sha256.Sum256([]byte(h.user)), sha256.Sum256([]byte(h.password))
	wantUser, wantPassword := sha256.Sum256([]byte(cfg.Username)), sha256.Sum256([]byte(cfg.Password))
	return subtle.ConstantTimeCompare(user[:], wantUser[:])&subtle.ConstantTimeCompare(password[:], wantPassword[:]) == 1
}

func (g *gate) mayConnect(l *link, host string) bool {
	if len(g.allowed[l]) == 0 {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(g.allowed[l], func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// claim makes c the connection of the client. An old one that is already ending
// is waited for, and one that lives gets a moment to end: a client that comes
// back at once may be faster than the end of its former connection. One that
// goes on living is left alone.
func (l *link) claim(c *conn) bool {
	deadline, moment := time.NewTimer(takeOverWait), time.NewTimer(takeOverMoment)
	defer deadline.Stop()
	defer moment.Stop()
	patient := true
	for !l.holder.CompareAndSwap(nil, c) {
		old := l.holder.Load()
		if old == nil {
			continue
		}
		old.mu.Lock()
		ending := old.ending
		old.mu.Unlock()
		if !ending && !patient {
			return false
		}
		select {
		case <-old.gone:
		case <-moment.C:
			patient = false
		case <-deadline.C:
			return false
		}
	}
	return true
}

func (g *gate) isLocked(who string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	until, ok := g.locked[who]
	if ok && !now.Before(until) {
		delete(g.locked, who)
		ok = false
	}
	return ok
}

// failed counts a wrong logon and locks out the address for that CompID after
// too many. Others are not harmed: the client's own address stays open.
func (g *gate) failed(who string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.failures) >= failuresMax {
		clear(g.failures)
	}
	recent := slices.DeleteFunc(g.failures[who], func(t time.Time) bool { return now.Sub(t) >= failureWindow })
	recent = append(recent, now)
	if len(recent) < g.limits.Failures {
		g.failures[who] = recent
		return
	}
	delete(g.failures, who)
	if len(g.locked) >= failuresMax {
		clear(g.locked)
	}
	g.locked[who] = now.Add(g.limits.Lockout)
}

// knock counts a refused connection; the oldest one is forgotten.
func (g *gate) knock(host, compID, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	compID = clean(compID[:min(len(compID), compIDMax)])
	k := Knock{Addr: host, CompID: compID, Reason: reason}
	if i := slices.IndexFunc(g.knocks, func(o Knock) bool { return o.Addr == host && o.CompID == compID && o.Reason == reason }); i >= 0 {
		k = g.knocks[i]
		g.knocks = slices.Delete(g.knocks, i, i+1)
	}
	k.Count++
	k.Last = time.Now()
	g.knocks = append(g.knocks, k)
	if len(g.knocks) > knocksMax {
		g.knocks = slices.Delete(g.knocks, 0, len(g.knocks)-knocksMax)
	}
}

func (g *gate) list() []Knock {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := slices.Clone(g.knocks)
	slices.Reverse(all)
	return all
}

// logon reads the first message: a Logon, in time, and not large. Everything
// else ends the connection without a word.
func (c *conn) logon() ([]byte, error) {
	limits := c.guard.door.cfg.Limits
	if err := c.Conn.SetReadDeadline(time.Now().Add(limits.LogonTimeout)); err != nil {
		return nil, err
	}
	frame, err := c.frame(limits.LogonBytes)
	if err != nil {
		return nil, err
	}
	if frame == nil || len(frame) > limits.LogonBytes {
		return nil, io.EOF
	}
	h, forbidden, bad := read(frame)
	if bad || forbidden || h.kind != "A" {
		return nil, io.EOF
	}
	now := time.Now()
	l, text, known := c.guard.door.gate.admit(h, c, now)
	if l == nil {
		if text != "" {
			c.refuse(known, text)
		}
		return nil, io.EOF
	}
	if err := c.Conn.SetReadDeadline(time.Time{}); err != nil {
		l.holder.CompareAndSwap(c, nil)
		return nil, err
	}
	c.link = l
	l.bye.Store(0)
	go c.write()
	l.lastIn.Store(now.UnixNano())
	c.arrived(h.seq, now)
	return frame, nil
}

// refuse answers with a Logout that belongs to no sequence: number 0 is never
// the expected one, so neither side's count moves (C3).
func (c *conn) refuse(l *link, text string) {
	c.guard.door.log.Warn("fix logon refused", "comp_id", l.cfg.CompID, "addr", c.host, "reason", text)
	if c.Conn.SetWriteDeadline(time.Now().Add(c.guard.door.cfg.Limits.WriteStall)) != nil {
		return
	}
	if _, err := c.Conn.Write(build(l.id, "5", 0, time.Now(), text)); err != nil {
		return // The client has gone; there is nobody to tell.
	}
	c.finish()
}
