package fix

import (
	"path/filepath"
	"strings"
	"testing"

	"backstop/acceptance"

	"github.com/quickfixgo/quickfix"
)

// echoing sends every order back unchanged, behind our guard and on our numbers:
// the application that the QuickFIX definitions are written for.
type echoing struct {
	callbacks
	seen map[string]bool
}

// OnLogon forgets what was sent in an earlier session.
func (a echoing) OnLogon(id quickfix.SessionID) {
	clear(a.seen)
	a.callbacks.OnLogon(id)
}

// ToApp lets orders be resent.
func (a echoing) ToApp(*quickfix.Message, quickfix.SessionID) error { return nil }

// FromApp echoes; a repetition of what was seen is left alone.
func (a echoing) FromApp(msg *quickfix.Message, id quickfix.SessionID) quickfix.MessageRejectError {
	r := newRequest(msg)
	if r.msgType != "D" && r.msgType != "d" {
		return quickfix.UnsupportedMessageType()
	}
	if r.require(11, 54, 55, 40, 60); r.rej != nil && r.msgType == "D" { // What every version asks for.
		return r.rej
	}
	order, _ := r.get(11)
	if again, err := msg.Header.GetBool(97); err == nil && again && a.seen[order] {
		return nil
	}
	a.seen[order] = true
	reply := quickfix.NewMessage()
	reply.Header.SetString(35, r.msgType)
	if again, err := msg.Header.GetBool(97); err == nil {
		reply.Header.SetBool(97, again)
	}
	msg.Body.CopyInto(&reply.Body.FieldMap)
	return unsent(quickfix.SendToTarget(reply, id))
}

func unsent(err error) quickfix.MessageRejectError {
	if err != nil {
		return quickfix.NewMessageRejectError(err.Error(), 99, nil)
	}
	return nil
}

// TestDefinitionsWithEcho plays the QuickFIX acceptance definitions of each version
// against an application that echoes, so that those about orders hold too. The two
// that wait for heartbeats are played against the gateway itself (acceptance).
func TestDefinitionsWithEcho(t *testing.T) {
	stored["D"], stored["d"] = true, true // An echo is resent.
	t.Cleanup(func() {
		delete(stored, "D")
		delete(stored, "d")
	})
	for _, v := range []struct {
		begin, folder string
		all           int
	}{{"FIX.4.2", "fix42", 58}, {"FIX.4.4", "fix44", 59}, {"FIXT.1.1", "fix50sp2", 60}} {
		t.Run(v.folder, func(t *testing.T) {
			w := newWorld(t, func(c *Config) {
				c.CompID = "ISLD"
				c.Sessions = []SessionConfig{{CompID: "TW", BeginString: v.begin, Auth: AuthNone, ResetOnLogon: true}}
				c.echo = func(d *Door) quickfix.Application { return echoing{callbacks{d}, map[string]bool{}} }
			})
			files, err := filepath.Glob(inLibrary(t, "_test/definitions/server", v.folder, "*.def"))
			if err != nil || len(files) != v.all {
				t.Fatalf("%d definitions, want %d, %v", len(files), v.all, err)
			}
			for _, file := range files {
				name := strings.TrimSuffix(filepath.Base(file), ".def")
				if strings.HasPrefix(name, "4a_") || strings.HasPrefix(name, "6_") {
					continue
				}
				t.Run(name, func(t *testing.T) {
					if err := acceptance.RunDefinition(file, w.door.Addr().String()); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}
