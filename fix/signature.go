package fix

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"backstop/perp"
)

// Bounds of a signed Logon. Its SendingTime(52) may be signatureWindow from our
// clock, either way, so a signature is of no use to anybody after twice that; so
// long it is remembered, each one, also over a restart.
const (
	signatureWindow = 10 * time.Second
	signaturesMax   = 1000 // of one session that are remembered: more Logons than that have no reason
)

// Why a signed Logon was refused, for operators.
const (
	signatureAge  = "signature of another time"
	signatureUsed = "signature was used before"
	signaturesTop = "too many signatures"
)

// SigningKey is what the signatures of a session are checked with: a secret of
// both sides (HMAC-SHA256) or the public key of the client (Ed25519).
type SigningKey struct {
	Secret []byte
	Public []byte
}

// decoyKey stands in for the keys that a session lacks, or that nobody has because
// there is no such session: a check takes as long for any CompID.
func decoyKey() (SigningKey, error) {
	k := SigningKey{Secret: make([]byte, sha256.Size)}
	// It does not fail on the platforms that Go supports, and says so if it does.
	if _, err := rand.Read(k.Secret); err != nil {
		return k, err
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	k.Public = public
	return k, err
}

// good tells whether the key can check anything.
func (k SigningKey) good() error {
	switch {
	case len(k.Public) == 0 && len(k.Secret) == 0:
		return errors.New("no key")
	case len(k.Public) > 0 && len(k.Secret) > 0:
		return errors.New("two keys")
	case len(k.Public) > 0 && len(k.Public) != ed25519.PublicKeySize:
		return errors.New("no Ed25519 key")
	}
	return nil
}

// signs checks a signature with a key, or with the decoy what the key lacks.
func (k SigningKey) signs(decoy SigningKey, text, signature []byte) bool {
	bySecret, byKey := len(k.Secret) > 0, len(k.Public) > 0
	if !bySecret {
		k.Secret = decoy.Secret
	}
	if !byKey {
		k.Public = decoy.Public
	}
	mac := hmac.New(sha256.New, k.Secret)
	mac.Write(text)
	right := hmac.Equal(mac.Sum(nil), signature)
	valid := ed25519.Verify(k.Public, text, signature)
	return bySecret && right || byKey && valid
}

// signedText is what a client signs: MsgType, both CompIDs, number and time of its
// Logon, as they stand there.
func (h header) signedText() []byte {
	return []byte(strings.Join([]string{h.kind, h.sender, h.target, h.number, h.sent}, "\x01"))
}

// signed tells whether a Logon has a signature of the session's client.
func (g *gate) signed(l *link, h header) bool {
	signature, err := base64.StdEncoding.Strict().DecodeString(h.signature)
	if err != nil {
		return false
	}
	var key SigningKey
	if l != nil && l.cfg.Auth == AuthSignature {
		key = l.cfg.SigningKey
	}
	if !key.signs(g.decoyKey, h.signedText(), signature) {
		return false
	}
	return h.user == "" || same(h.user, l.cfg.Username)
}

// spend uses a right signature up, and returns once that is durable; why tells
// that it cannot be used. Nothing is said to the client before.
func (g *gate) spend(l *link, h header, now time.Time) (why string) {
	sent, err := time.Parse("20060102-15:04:05", h.sent)
	if err != nil || now.Sub(sent).Abs() >= signatureWindow {
		return signatureAge
	}
	spent, why := l.numbers.spend(sha256.Sum256(h.signedText()), now)
	if why != "" {
		return why
	}
	timer := time.NewTimer(g.limits.LogonTimeout)
	defer timer.Stop()
	for {
		durable, moved := l.numbers.isSpent(spent)
		if durable {
			return ""
		}
		select {
		case <-moved:
		case <-timer.C:
			return tooManyLogons
		}
	}
}

// signatures are those of a session that were accepted lately.
type signatures struct {
	until   map[[sha256.Size]byte]perp.Time
	waiting []perp.LogonSignature // for the next drain
	spent   int64                 // all so far
	drained int64
	durable int64
}

func newSignatures(known []perp.LogonSignature) signatures {
	s := signatures{until: map[[sha256.Size]byte]perp.Time{}}
	for _, k := range known {
		s.until[[sha256.Size]byte(k.Digest)] = k.Until
	}
	return s
}

// spend remembers a signature; spent is its number, for isSpent.
func (n *numbers) spend(digest [sha256.Size]byte, now time.Time) (spent int64, why string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, at := &n.signatures, perp.Time(now.UnixNano())
	if until, used := s.until[digest]; used && until >= at {
		return 0, signatureUsed
	}
	for d, until := range s.until {
		if until < at {
			delete(s.until, d)
		}
	}
	if len(s.until) >= signaturesMax {
		return 0, signaturesTop
	}
	until := at + perp.Time(2*signatureWindow)
	s.until[digest] = until
	s.waiting = append(s.waiting, perp.LogonSignature{Digest: digest[:], Until: until})
	s.spent++
	n.changed = true
	n.door.wake()
	return s.spent, ""
}

// isSpent tells whether a signature is durable; if not, moved closes when that may
// have changed.
func (n *numbers) isSpent(spent int64) (durable bool, moved <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return spent <= n.signatures.durable, n.moved
}

// sign puts what was spent into the last of some writes. A session that waits for
// the first message of an epoch has none: then it says again what it said before.
// The lock is held.
func (n *numbers) sign(writes []perp.SessionWrite) []perp.SessionWrite {
	s := &n.signatures
	if len(s.waiting) == 0 {
		return writes
	}
	if len(writes) == 0 {
		again := n.said
		again.Messages, again.Signatures = nil, nil
		writes = append(writes, again)
	}
	writes[len(writes)-1].Signatures = s.waiting
	s.waiting, s.drained = nil, s.spent
	return writes
}
