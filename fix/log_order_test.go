package fix

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var loggedOut = regexp.MustCompile(`direction=out message="[^"]*\|35=([^|]+)\|34=([0-9]+)\|`)

// hears reads until a message has that.
func (p *peer) hears(part string) {
	p.t.Helper()
	for {
		switch got, err := p.next(patience); {
		case err != nil:
			p.t.Fatal(err)
		case strings.Contains(got, part):
			return
		}
	}
}

// TestLogHasTheOrderOfTheWire: who reads the log finds what left in the order in
// which it left, also what follows a Logon that began the numbers anew, which the
// session library does not say itself.
func TestLogHasTheOrderOfTheWire(t *testing.T) {
	t.Parallel()
	const resets = 30
	w, log := injectedWorld(t, "", Inject{})
	p := w.login("ALICE")
	for i := range resets {
		p.order(fmt.Sprint("A", i))
		p.hears(fmt.Sprintf("|11=A%d|", i))
		p.conn.Close()
		p = w.relogin("ALICE")
		p.hears(fmt.Sprintf("|11=A%d|", i))
	}
	log.mu.Lock()
	text := log.text.String()
	log.mu.Unlock()
	logons, last := 0, int64(0)
	for _, m := range loggedOut.FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseInt(m[2], 10, 64)
		switch {
		case err != nil:
			t.Fatal(err)
		case m[1] == "A" && n == 1:
			logons++
		case n != last+1:
			t.Fatalf("%s with 34=%d is logged behind 34=%d", m[1], n, last)
		}
		last = n
	}
	if logons != resets+1 {
		t.Errorf("%d logons are in the log, want %d", logons, resets+1)
	}
}
