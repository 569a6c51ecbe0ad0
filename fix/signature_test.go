package fix

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"
)

// signer signs the Logons of a peer as a client would: it does not use the door's
// code.
type signer func(text string) []byte

func hmacSigner(key string) signer {
	return func(text string) []byte {
		m := hmac.New(sha256.New, []byte(key))
		m.Write([]byte(text))
		return m.Sum(nil)
	}
}

const sharedKey = "0123456789abcdef0123456789abcdef"

// signedLogon is the frame of a Logon that was signed at a time, with a number as
// it is to stand there.
func (p *peer) signedLogon(sign signer, number string, at time.Time, more string) []byte {
	now := at.UTC().Format("20060102-15:04:05.000")
	text := strings.Join([]string{"A", p.name, p.our, number, now}, "\x01")
	sig := base64.StdEncoding.EncodeToString(sign(text))
	body := "35=A|34=" + number + "|49=" + p.name + "|52=" + now + "|56=" + p.our + "|98=0|108=30|95=" + strconv.Itoa(len(sig)) + "|96=" + sig + "|" + more
	return frameOf("FIX.4.4", strings.ReplaceAll(body, "|", "\x01"))
}

// signedCast are ALICE, who signs with a shared key, and BOB with his own.
func signedCast(t *testing.T) (change func(*Config), bob signer) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	change = func(c *Config) {
		c.Sessions = []SessionConfig{
			{CompID: "ALICE", Auth: AuthSignature, SigningKey: SigningKey{Secret: []byte(sharedKey)}, AllowReset: true},
			{CompID: "BOB", Auth: AuthSignature, SigningKey: SigningKey{Public: public}},
			{CompID: "CAROL", Password: "demo"},
		}
	}
	return change, func(text string) []byte { return ed25519.Sign(private, []byte(text)) }
}

// TestSignedLogon: both kinds of signature open a session, and what was signed
// stands in no log and no store.
func TestSignedLogon(t *testing.T) {
	t.Parallel()
	change, bob := signedCast(t)
	w := newWorld(t, change)
	for name, sign := range map[string]signer{"ALICE": hmacSigner(sharedKey), "BOB": bob} {
		p := w.dial(name)
		p.seq = 2
		p.raw(p.signedLogon(sign, "1", time.Now(), ""))
		if got := p.expect("35=A", "34=1", "108=30"); strings.Contains(got, "|96=") {
			t.Errorf("the answer has the signature: %s", got)
		}
		p.answers("up")
	}
	q := w.login("CAROL")
	q.answers("a password still does")
}

// TestSignedLogonRefusals: each is refused before the session library, so that no
// number moves, in words that tell nothing; and stands in the audit.
func TestSignedLogonRefusals(t *testing.T) {
	t.Parallel()
	change, bob := signedCast(t)
	right := hmacSigner(sharedKey)
	for _, c := range []struct {
		name, client string
		sign         signer
		number       string
		off          time.Duration
		more         string
		text, audit  string
	}{
		{"another key", "ALICE", hmacSigner("another"), "1", 0, "", refusedLogon, wrongCredentials},
		{"of another client", "ALICE", bob, "1", 0, "", refusedLogon, wrongCredentials},
		{"of a public key as a secret", "BOB", right, "1", 0, "", refusedLogon, wrongCredentials},
		{"of nobody", "EVE", right, "1", 0, "", refusedLogon, unknownCompID},
		{"a signature instead of a password", "CAROL", right, "1", 0, "", refusedLogon, wrongCredentials},
		{"of another user", "ALICE", right, "1", 0, "553=MALLORY|", refusedLogon, wrongCredentials},
		{"too old", "ALICE", right, "1", -signatureWindow, "", refusedTime, signatureAge},
		{"too early", "ALICE", right, "1", signatureWindow + time.Second, "", refusedTime, signatureAge},
		{"half a signature", "ALICE", func(text string) []byte { return right(text)[:16] }, "1", 0, "", refusedLogon, wrongCredentials},
		{"of another number", "ALICE", func(text string) []byte { return right(strings.Replace(text, "\x017\x01", "\x018\x01", 1)) }, "7", 0, "", refusedLogon, wrongCredentials},
	} {
		w := newWorld(t, change)
		p := w.dial(c.client)
		p.raw(p.signedLogon(c.sign, c.number, time.Now().Add(c.off), c.more))
		p.expect("35=5", "34=0", "58="+c.text)
		p.ended()
		for _, l := range w.door.links {
			if in, out := l.numbers.next(); in != 1 || out != 1 {
				t.Errorf("%s: numbers of %s are %d and %d", c.name, l.cfg.CompID, in, out)
			}
		}
		if all := w.door.Knocks(); len(all) != 1 || all[0].Reason != c.audit || all[0].CompID != c.client {
			t.Errorf("%s: knocks %+v", c.name, all)
		}
		w.stop()
	}
	// A password is no proof where a signature is wanted, nor is nothing.
	w := newWorld(t, change)
	p := w.dial("ALICE")
	p.logon("")
	p.expect("35=5", "34=0", "58="+refusedLogon)
	p = w.dial("ALICE")
	p.send("A", "98=0|108=30|")
	p.ended()
}

// TestSignatureServesOnce: a captured Logon is of no use, at once, on another
// connection, or after a crash; a new one of the owner is.
func TestSignatureServesOnce(t *testing.T) {
	t.Parallel()
	change, _ := signedCast(t)
	sign := hmacSigner(sharedKey)
	disk := newDisk()
	w := newWorldOn(t, disk, change)
	p := w.dial("ALICE")
	captured := p.signedLogon(sign, "1", time.Now(), "141=Y|")
	p.raw(captured)
	p.expect("35=A", "34=1")
	p.conn.Close()
	p = w.dial("ALICE")
	p.raw(captured)
	p.expect("35=5", "34=0", "58="+refusedLogon)
	p.ended()
	w.crash() // Nothing was committed since the answer.

	our := w.our
	w = newWorldOn(t, disk, func(c *Config) { change(c); c.CompID = our })
	w.our = our
	p = w.dial("ALICE")
	p.raw(captured)
	p.expect("35=5", "34=0", "58="+refusedLogon)
	p.ended()
	if all := w.door.Knocks(); len(all) != 1 || all[0].Reason != signatureUsed {
		t.Errorf("knocks %+v", all)
	}
	p = w.dial("ALICE")
	p.seq = 2
	p.raw(p.signedLogon(sign, "1", time.Now(), "141=Y|"))
	p.expect("35=A", "34=1")
	p.answers("owner")
}

// TestSignatureIsDurableFirst: the answer to a signed Logon waits until the
// signature is spent on disk; a session between two epochs can log on too.
func TestSignatureIsDurableFirst(t *testing.T) {
	disk := newDisk()
	n := disk.numbers()
	disk.flush(n)
	now := time.Unix(1_784_721_600, 0)
	one, two := sha256.Sum256([]byte("one")), sha256.Sum256([]byte("two"))
	spent, why := n.spend(one, now)
	if durable, _ := n.isSpent(spent); why != "" || durable {
		t.Fatalf("spent at once, or %q", why)
	}
	if _, why := n.spend(one, now); why != signatureUsed {
		t.Errorf("again before the commit: %q", why)
	}
	disk.flush(n)
	if durable, _ := n.isSpent(spent); !durable {
		t.Error("not spent by the commit")
	}
	if err := n.Reset(); err != nil {
		t.Fatal(err)
	}
	disk.flush(n) // The former epoch; the new one has no message yet.
	spent, why = n.spend(two, now)
	disk.flush(n)
	if durable, _ := n.isSpent(spent); why != "" || !durable {
		t.Errorf("between two epochs: %q, durable %t", why, durable)
	}
	if got := disk.session(n.session).Signatures; len(got) == 0 || !bytes.Equal(got[len(got)-1].Digest, two[:]) {
		t.Errorf("stored %v", got)
	}
	if _, why := n.spend(one, now.Add(2*signatureWindow+1)); why != "" {
		t.Errorf("after its time: %q", why)
	}
	for i := range signaturesMax + 1 {
		if _, why = n.spend(sha256.Sum256([]byte(strconv.Itoa(i))), now); why != "" {
			break
		}
	}
	if why != signaturesTop {
		t.Errorf("no limit: %q", why)
	}
}
