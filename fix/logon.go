package fix

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"backstop/spec"

	"github.com/quickfixgo/quickfix"
)

// Bounds of what is remembered about strangers.
const (
	knocksMax = 256
	compIDMax = 64 // characters of a CompID that are kept in a knock
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
	refusedTime      = "SendingTime(52) is too far from the time here"
	refusedDialect   = "Dialect(22000) must be STRICT44 or VAMM1"

	refusedExpected = "NextExpectedMsgSeqNum(789) is higher than what was sent"

	refusedDialectVersion = "Dialect(22000) VAMM1 is of FIX.4.4 alone"
	refusedDialectChange  = "Dialect(22000) cannot change within a session"
	refusedWishes         = "CancelOrdersOnDisconnect is asked for in two ways that differ"
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
	limits    Limits
	log       *slog.Logger
	links     map[string]*link
	names     map[string]bool // CompIDs of clients
	allowed   map[*link][]netip.Prefix
	certs     bool                       // clients show certificates
	decoy     func(password string) bool // what a hash costs; nil: no password is kept as one
	decoyKey  SigningKey                 // the same of signatures
	turns     *turns                     // at hashes
	tries     failures                   // of the CompIDs that exist
	strangers failures                   // of others: they cannot push out what is known of the former
	refused   *refusals                  // for the audit
	mu        sync.Mutex
	knocks    []Knock
}

func newGate(links []*link, cfg Config, log *slog.Logger) (*gate, error) {
	g := &gate{
		limits: cfg.Limits, log: log, links: map[string]*link{}, names: map[string]bool{}, allowed: map[*link][]netip.Prefix{},
		certs: cfg.TLS != nil && cfg.TLS.ClientCAs != nil, turns: newTurns(cfg.Limits.Proofs),
		tries: newFailures(), strangers: newFailures(), refused: newRefusals(cfg.Limits.RefusalSpan),
	}
	var err error
	if g.decoyKey, err = decoyKey(); err != nil {
		return nil, fmt.Errorf("fix: %w", err)
	}
	for _, l := range links {
		if l.cfg.Auth == AuthMTLS && !g.certs {
			return nil, fmt.Errorf("fix: session %s: auth mtls needs TLS with client certificates", l.cfg.CompID)
		}
		if g.decoy == nil {
			g.decoy = l.cfg.Proof
		}
		g.names[l.cfg.CompID] = true
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
// says, or empty to close without a word. Whether a CompID exists cannot be told
// from it: who sends credentials that are not right gets the same text for any
// CompID, who sends none gets no word.
func (g *gate) admit(h header, c *conn) (l *link, text string) {
	l, why := g.identify(h, c)
	if proof := g.prove(l, h, c.host); why == "" || proof == tooManyLogons {
		why = proof
	}
	if why != "" {
		c.quiet = !g.knock(c.host, h.sender, why)
		if h.hasProof && why != tooManyLogons {
			text = refusedLogon
		}
		return nil, text
	}
	if l.cfg.Auth == AuthSignature {
		if why = g.spend(l, h, time.Now()); why != "" {
			c.quiet = !g.knock(c.host, h.sender, why)
			if why == signatureAge { // Its client alone can have made it.
				return nil, refusedTime
			}
			return nil, refusedLogon
		}
	}
	if why := l.disabled.Load(); why != nil {
		c.quiet = !g.knock(c.host, h.sender, "session is disabled")
		return nil, textDisabled + *why
	}
	if l.isBanned(time.Now()) {
		c.quiet = !g.knock(c.host, h.sender, textRate)
		return nil, textBanned
	}
	text = terms(l.cfg, h, time.Now(), g.limits.Skew)
	if text == "" {
		text = termsOfVersion(l.version, h)
	}
	if text != "" {
		if !h.hasProof && (text == refusedTime || text == refusedVersion(l.version)) { // Definition 1d: nobody who is known is told.
			text = ""
		}
		return nil, text
	}
	if _, out := l.numbers.next(); h.expected > out && !h.reset && !l.cfg.ResetOnLogon {
		return nil, refusedExpected
	}
	c.dialect = dialects[h.dialect] // Before others can see the connection.
	if !l.claim(c) {
		g.knock(c.host, h.sender, "already connected")
		return nil, ""
	}
	return l, ""
}

// identify finds the session that a Logon names; without one it says why.
func (g *gate) identify(h header, c *conn) (l *link, why string) {
	l = g.links[identity(h.begin, h.sender, h.target)]
	switch {
	case l == nil || h.sub:
		return nil, unknownCompID
	case !g.mayConnect(l, c.host):
		return nil, addressRefused
	case !certified(l.cfg, g.certs, c.shown):
		return nil, foreignCert
	}
	return l, ""
}

// terms checks what a Logon asks for, and when it was sent: the session library
// would close the connection of a client with a wrong clock without a word.
func terms(cfg SessionConfig, h header, now time.Time, skew time.Duration) string {
	if sent, err := time.Parse("20060102-15:04:05", h.sent); err == nil && now.Sub(sent).Abs() >= skew {
		return refusedTime
	}
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

// termsOfVersion checks what a Logon says of versions: the session library reads
// DefaultApplVerID(1137) and does not compare it (C14).
func termsOfVersion(v spec.Version, h header) string {
	switch {
	case v.ApplVerID != "" && h.applVersion != v.ApplVerID:
		return refusedVersion(v)
	case v.Key != "44" && dialects[h.dialect] == vamm1:
		return refusedDialectVersion
	}
	return ""
}

func (s SessionConfig) mayReset() bool { return s.AllowReset || s.ResetOnLogon }

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

// knock counts a refused connection; the oldest one is forgotten. Loud tells that
// the log has not said so lately.
func (g *gate) knock(host, compID, reason string) (loud bool) {
	compID = short(compID)
	// The audit is for ever, and a name that is no client's may be a password in
	// the wrong field.
	known := compID
	if !g.names[compID] {
		known = ""
	}
	loud = g.refused.note(refusalKey{host, known, reason}, time.Now())
	g.mu.Lock()
	defer g.mu.Unlock()
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
	return loud
}

// short is a CompID as it may be kept and logged.
func short(compID string) string { return clean(compID[:min(len(compID), compIDMax)]) }

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
	if err := c.handshake(limits.LogonTimeout); err != nil {
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
	l, text := c.guard.door.gate.admit(h, c)
	if l == nil {
		if text != "" {
			c.refuse(h, text)
		}
		return nil, io.EOF
	}
	if err := c.Conn.SetReadDeadline(time.Time{}); err != nil {
		l.holder.CompareAndSwap(c, nil)
		return nil, err
	}
	h.blank(frame)
	c.link = l
	l.bye.Store(0)
	go c.write()
	l.lastIn.Store(now.UnixNano())
	c.arrived(h.seq, now)
	c.overheard(frame)
	return frame, nil
}

// refuse answers with a Logout that belongs to no sequence: number 0 is never
// the expected one, so neither side's count moves (C3).
func (c *conn) refuse(h header, text string) {
	if !c.quiet {
		c.guard.door.log.Warn("fix logon refused", "comp_id", short(h.sender), "addr", c.host, "reason", text)
	}
	id := quickfix.SessionID{BeginString: h.begin, SenderCompID: h.target, TargetCompID: h.sender}
	if _, err := c.Conn.Write(build(id, "5", 0, time.Now(), text)); err != nil {
		return // The client has gone; there is nobody to tell.
	}
	c.finish()
}
