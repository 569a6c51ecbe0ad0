package certify

import (
	"errors"
	"fmt"
	"slices"
)

var (
	// ErrNoCheck means that no check has this id.
	ErrNoCheck = errors.New("there is no check")
	// ErrVersion means that a session is of a FIX version that is not judged.
	ErrVersion = errors.New("sessions of this version are not judged")
)

// judged are the versions whose fills the checks can read: FIX 4.2 tells them by
// ExecTransType(20), and with other values of ExecType(150).
var judged = []string{"FIX.4.4", "FIXT.1.1"}

// begin is the version of the session: that of the gateway's Logon, for a client may
// have tried others before.
func (l *Log) begin() string {
	for _, e := range l.Entries {
		if e.Kind == "A" && !e.FromClient {
			return e.get(8)
		}
	}
	return l.Entries[0].get(8)
}

// gradable refuses a session of another version.
func (l *Log) gradable() error {
	begin := l.begin()
	if !slices.Contains(judged, begin) {
		return fmt.Errorf("%w: %s is %s, the checks are about FIX.4.4 and FIX 5.0 SP2 (FIXT.1.1)", ErrVersion, l.Client, begin)
	}
	return nil
}
