package fix

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"runtime"
	"strings"
	"unicode"

	"github.com/quickfixgo/quickfix"
)

// logMax is how much of one message or event is logged.
const logMax = 8 << 10

// Fields that hold secrets: Username(553), Password(554), NewPassword(925) and
// RawData(96), in a message as it is and in one that was quoted in an event.
var (
	secrets       = regexp.MustCompile(`((?:^|[^0-9])(?:553|554|925|96)=)[^\x01]*`)
	quotedSecrets = regexp.MustCompile(`((?:^|[^0-9]|\\x01)(?:553|554|925|96)=)(?:[^\x01\\]|\\[^x])*`)
)

// clean makes a text fit for one line of a log: secrets blanked, SOH shown as a
// bar, other control characters quoted.
func clean(s string) string {
	cut := len(s) > logMax
	if cut {
		s = s[:logMax]
	}
	if strings.IndexByte(s, soh) >= 0 {
		s = secrets.ReplaceAllString(s, "${1}***")
	}
	s = quotedSecrets.ReplaceAllString(s, "${1}***")
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == soh:
			b.WriteByte('|')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	if cut {
		b.WriteString("…")
	}
	return b.String()
}

// sessionLog passes what the session library says to slog.
type sessionLog struct{ log *slog.Logger }

// OnIncoming implements quickfix.Log, as do the methods below.
func (l sessionLog) OnIncoming(b []byte) { l.message("in", b) }

// OnOutgoing yields: the send loop spins until the writer has run (F3). The writer
// logs what leaves, in the order in which it leaves: it may be ahead of us here.
func (l sessionLog) OnOutgoing([]byte) { runtime.Gosched() }

func (l sessionLog) message(direction string, b []byte) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("fix message", "direction", direction, "message", clean(string(b)))
	}
}

// OnEvent is about what the gateway logs itself where it matters.
func (l sessionLog) OnEvent(s string) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("fix session", "event", clean(s))
	}
}

// OnEventf formats and logs.
func (l sessionLog) OnEventf(format string, v ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.OnEvent(fmt.Sprintf(format, v...))
	}
}

type logFactory struct{ log *slog.Logger }

// Create implements quickfix.LogFactory.
func (f logFactory) Create() (quickfix.Log, error) { return sessionLog(f), nil }

// CreateSessionLog names the session in each record.
func (f logFactory) CreateSessionLog(id quickfix.SessionID) (quickfix.Log, error) {
	return sessionLog{f.log.With("comp_id", id.TargetCompID)}, nil
}
