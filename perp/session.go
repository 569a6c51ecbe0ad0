package perp

// SessionStarted: a client has logged on. It takes back an end whose grace is
// not over.
type SessionStarted struct {
	Session string
	Cancel  bool // orders of the session end with it
}

// SessionEnded: a client is gone, whatever ended its connection.
type SessionEnded struct {
	Session string
	At      Time
	Cancel  bool // orders of the session end with it
}

// SessionVerb is what the desk wants of a session.
type SessionVerb uint8

// Verbs. Those that move numbers need a session that is logged out.
const (
	EnableSession SessionVerb = iota + 1
	DisableSession
	KickSession
	SetNumbers
	ResetNumbers
	ResetProtection // of its quotes as a liquidity provider
	sessionVerbEnd
)

var sessionVerbNames = []string{"", "enable", "disable", "kick", "set_seq", "reset_seq", "reset_protection"}

// String names the verb.
func (v SessionVerb) String() string { return name(sessionVerbNames, v) }

// MovesNumbers tells whether the verb changes sequence numbers.
func (v SessionVerb) MovesNumbers() bool { return v == SetNumbers || v == ResetNumbers }

// SessionVerbs returns every verb.
func SessionVerbs() []SessionVerb {
	all := make([]SessionVerb, 0, sessionVerbEnd-1)
	for v := EnableSession; v < sessionVerbEnd; v++ {
		all = append(all, v)
	}
	return all
}

// SteerSession is a command of the desk about one session.
type SteerSession struct {
	Operator
	Session string
	Verb    SessionVerb
	In      int64 `json:",omitempty"` // next number expected from the client; zero: as it is
	Out     int64 `json:",omitempty"` // next number of ours; zero: as it is
	// Busy: the door could not keep the client out while its numbers move, for it
	// is connected.
	Busy bool `json:",omitempty"`
	// Symbol is the market in which a protection is reset; empty: every one.
	Symbol string `json:",omitempty"`
}

// SessionSteered: the desk did this to a session. A session that is disabled is
// told again to doors that start later.
type SessionSteered struct {
	Session string
	Verb    SessionVerb
	In, Out int64
	By      string
	Reason  string
}

// Kind names the command or event.
func (SessionStarted) Kind() string { return "SessionStarted" }
func (SessionEnded) Kind() string   { return "SessionEnded" }
func (SteerSession) Kind() string   { return "SteerSession" }
func (SessionSteered) Kind() string { return "SessionSteered" }
