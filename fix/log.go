package fix

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"regexp"
	"runtime"
	"strings"

	"github.com/quickfixgo/quickfix"
)

type tlsConfig = tls.Config

// secretFields are values that never reach a log: passwords and signatures.
var secretFields = regexp.MustCompile(`(^|[\x01|])(554|925|96)=[^\x01|]*`)

// loggable makes a record safe to write: one line, no control characters, no
// secrets.
func loggable(s string) string {
	s = secretFields.ReplaceAllString(s, "${1}${2}=***")
	return strings.Map(func(r rune) rune {
		if r == soh {
			return '|'
		}
		if r < ' ' || r == 0x7f {
			return '.'
		}
		return r
	}, s)
}

// logFactory gives the session engine logs that end in ours.
type logFactory struct{ log *slog.Logger }

func (f logFactory) Create() (quickfix.Log, error) { return sessionLog{f.log}, nil }

func (f logFactory) CreateSessionLog(id quickfix.SessionID) (quickfix.Log, error) {
	return sessionLog{f.log.With("session", id.TargetCompID)}, nil
}

type sessionLog struct{ log *slog.Logger }

func (l sessionLog) OnIncoming(b []byte) { l.log.Debug("fix in", "message", loggable(string(b))) }

// OnOutgoing yields as well: the session engine calls it between two sends.
func (l sessionLog) OnOutgoing(b []byte) {
	runtime.Gosched()
	l.log.Debug("fix out", "message", loggable(string(b)))
}

func (l sessionLog) OnEvent(s string) { l.log.Debug("fix event", "text", loggable(s)) }

func (l sessionLog) OnEventf(format string, args ...interface{}) {
	l.OnEvent(fmt.Sprintf(format, args...))
}
