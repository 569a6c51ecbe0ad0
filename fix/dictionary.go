package fix

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"unsafe"

	"backstop/spec"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/datadictionary"
)

// reading is what the messages of a version are read and judged with. Nothing
// changes it once it is made, so that all sessions share one.
type reading struct {
	app, transport *datadictionary.DataDictionary // transport only where a version has one of its own
	validator      quickfix.Validator
}

// readingsOf are those of sessions by their version: one for all of a version, since
// ours has a dictionary of its own in it (withTied).
func readingsOf(versions map[quickfix.SessionID]spec.Version) (map[quickfix.SessionID]reading, error) {
	all, made := make(map[quickfix.SessionID]reading, len(versions)), map[string]reading{}
	for id, v := range versions {
		r, done := made[v.Key]
		if !done {
			var err error
			if r, err = newReading(v); err != nil {
				return nil, err
			}
			made[v.Key] = r
		}
		all[id] = r
	}
	return all, nil
}

func newReading(v spec.Version) (r reading, err error) {
	if r.app, err = parsedDictionary(v.App); err != nil {
		return r, fmt.Errorf("dictionary of %s: %w", v.Name, err)
	}
	if v.Transport != nil {
		if r.transport, err = parsedDictionary(v.Transport); err != nil {
			return r, fmt.Errorf("session dictionary of %s: %w", v.Name, err)
		}
	}
	r.app = withTied(r.app)
	r.validator = quickfix.NewValidator(pickiest, r.app, r.transport)
	return r, nil
}

// withTied is a dictionary with the value of ExecInst(18) that only VAMM1 takes. The
// dialect of a session is not known before its Logon, so that decoding tells the
// dialects apart; the dictionary itself is shared with those who check what we say.
func withTied(d *datadictionary.DataDictionary) *datadictionary.DataDictionary {
	field := *d.FieldTypeByTag[tagExecInst]
	field.Enums = maps.Clone(field.Enums)
	field.Enums[tiedWord] = datadictionary.Enum{Value: tiedWord}
	more := *d
	more.FieldTypeByTag = maps.Clone(d.FieldTypeByTag)
	more.FieldTypeByTag[tagExecInst] = &field
	return &more
}

const tagExecInst = 18

// parsedDictionaries are those in use, by the hash of their text. There are as many
// as spec has.
var parsedDictionaries = struct {
	sync.Mutex
	done map[[sha256.Size]byte]*datadictionary.DataDictionary
}{done: map[[sha256.Size]byte]*datadictionary.DataDictionary{}}

func parsedDictionary(src []byte) (*datadictionary.DataDictionary, error) {
	sum := sha256.Sum256(src)
	parsedDictionaries.Lock()
	defer parsedDictionaries.Unlock()
	if d := parsedDictionaries.done[sum]; d != nil {
		return d, nil
	}
	d, err := datadictionary.ParseSrc(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	parsedDictionaries.done[sum] = d
	return d, nil
}

// Fields of the session library that have no setter. Its own way to a dictionary is
// a file that it parses for each session: 2 MB of memory and a good part of a tenth
// of a second each, so a thousand sessions would take minutes to start and gigabytes
// to keep (docs/bench.md, P7). The version of the library is pinned, a field that is
// not as expected is refused at the start, and TestSessionsShareADictionary holds
// that messages are judged by it.
const (
	fieldSessions  = "sessions"
	fieldApp       = "appDataDictionary"
	fieldTransport = "transportDataDictionary"
	fieldValidator = "Validator"
)

// shareReadings gives each session of an acceptor that has not started what its
// messages are read with. Every reading has to find its session, and the other way
// round: one without a dictionary would take anything.
func shareReadings(a *quickfix.Acceptor, readings map[quickfix.SessionID]reading) error {
	return share(reflect.ValueOf(a).Elem(), readings)
}

func share(acceptor reflect.Value, readings map[quickfix.SessionID]reading) error {
	sessions := acceptor.FieldByName(fieldSessions)
	if sessions.Kind() != reflect.Map || sessions.Type().Key() != reflect.TypeFor[quickfix.SessionID]() || sessions.Type().Elem().Kind() != reflect.Pointer {
		return fmt.Errorf("the session library keeps its sessions otherwise: %v", acceptor.Type())
	}
	if sessions.Len() != len(readings) {
		return fmt.Errorf("the session library has %d sessions of %d", sessions.Len(), len(readings))
	}
	for all := sessions.MapRange(); all.Next(); {
		k := all.Key()
		id := quickfix.SessionID{
			BeginString: k.FieldByName("BeginString").String(), SenderCompID: k.FieldByName("SenderCompID").String(),
			TargetCompID: k.FieldByName("TargetCompID").String(),
		}
		r, ours := readings[id]
		if !ours {
			return fmt.Errorf("the session library has a session that is none of ours: %v", id)
		}
		s := all.Value().Elem()
		for name, value := range map[string]reflect.Value{
			fieldApp: reflect.ValueOf(r.app), fieldTransport: reflect.ValueOf(r.transport), fieldValidator: reflect.ValueOf(&r.validator).Elem(),
		} {
			if err := set(s, name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// set puts a value into a field that cannot be reached otherwise.
func set(s reflect.Value, name string, value reflect.Value) error {
	f := s.FieldByName(name)
	if !f.IsValid() || f.Type() != value.Type() {
		return fmt.Errorf("the session library has no field %s of %v in %v", name, value.Type(), s.Type())
	}
	reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Set(value)
	return nil
}
