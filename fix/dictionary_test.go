package fix

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"backstop/spec"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/datadictionary"
)

// created is an application that is only told of its sessions.
type created struct{ quickfix.Application }

func (created) OnCreate(quickfix.SessionID) {}

// TestSessionsShareADictionary: sessions of a version have one dictionary between
// them, and it is that of the version.
func TestSessionsShareADictionary(t *testing.T) {
	versions := spec.Spoken()
	settings := quickfix.NewSettings()
	settings.GlobalSettings().Set("SocketAcceptPort", "1")
	of := map[quickfix.SessionID]spec.Version{}
	for _, v := range versions {
		for _, client := range []string{"A", "B"} {
			s := quickfix.NewSessionSettings()
			s.Set("BeginString", v.BeginString)
			s.Set("SenderCompID", "G")
			s.Set("TargetCompID", client)
			if v.Transport != nil {
				s.Set("DefaultApplVerID", v.ApplVerID)
			}
			id, err := settings.AddSession(s)
			if err != nil {
				t.Fatal(err)
			}
			of[id] = v
		}
	}
	readings, err := readingsOf(of)
	if err != nil {
		t.Fatal(err)
	}
	a, err := quickfix.NewAcceptor(created{}, quickfix.NewMemoryStoreFactory(), settings, quickfix.NewNullLogFactory())
	if err != nil {
		t.Fatal(err)
	}
	strange := map[quickfix.SessionID]reading{{BeginString: "FIX.4.4", SenderCompID: "G", TargetCompID: "C"}: {}}
	if err := shareReadings(a, strange); err == nil {
		t.Error("sessions without a dictionary were let be")
	}
	for id, r := range readings { // As many, but one of them is another.
		if id != (quickfix.SessionID{BeginString: "FIX.4.4", SenderCompID: "G", TargetCompID: "A"}) {
			strange[id] = r
		}
	}
	if err := shareReadings(a, strange); err == nil || len(strange) != len(readings) {
		t.Errorf("%d sessions took a dictionary meant for others, %v", len(strange), err)
	}
	if err := shareReadings(a, readings); err != nil {
		t.Fatal(err)
	}
	seen := map[*datadictionary.DataDictionary]int{}
	for all := reflect.ValueOf(a).Elem().FieldByName(fieldSessions).MapRange(); all.Next(); {
		s := all.Value().Elem()
		app := *(**datadictionary.DataDictionary)(unsafe.Pointer(s.FieldByName(fieldApp).UnsafeAddr()))
		transport := *(**datadictionary.DataDictionary)(unsafe.Pointer(s.FieldByName(fieldTransport).UnsafeAddr()))
		begin := all.Key().FieldByName("BeginString").String()
		v, _ := spec.VersionOf(begin)
		if (transport != nil) != (v.Transport != nil) || s.FieldByName(fieldValidator).IsNil() {
			t.Errorf("%s: session dictionary %v, validator %v", begin, transport, s.FieldByName(fieldValidator))
		}
		if app.Messages["D"] == nil {
			t.Errorf("%s: a dictionary without NewOrderSingle", begin)
		}
		seen[app]++
	}
	if len(seen) != len(versions) {
		t.Errorf("%d dictionaries of %d versions", len(seen), len(versions))
	}
}

// TestLibraryThatIsOtherwise: a session library that keeps its sessions in another
// way is refused, and not written to.
func TestLibraryThatIsOtherwise(t *testing.T) {
	id := quickfix.SessionID{BeginString: "FIX.4.4", SenderCompID: "G", TargetCompID: "A"}
	type noFields struct{ _ int }
	type otherType struct{ Validator func() }
	for name, a := range map[string]any{
		"no sessions": &struct{ peers int }{},
		"a list":      &struct{ sessions []*noFields }{},
		"other keys":  &struct{ sessions map[string]*noFields }{},
		"no pointers": &struct {
			sessions map[quickfix.SessionID]noFields
		}{},
		"no fields": &struct {
			sessions map[quickfix.SessionID]*noFields
		}{map[quickfix.SessionID]*noFields{id: {}}},
		"other fields": &struct {
			sessions map[quickfix.SessionID]*otherType
		}{map[quickfix.SessionID]*otherType{id: {}}},
	} {
		err := share(reflect.ValueOf(a).Elem(), map[quickfix.SessionID]reading{id: {}})
		if err == nil || !strings.Contains(err.Error(), "the session library") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readingsOf(map[quickfix.SessionID]spec.Version{{}: {Name: "FIX 9", App: []byte("<fix")}}); err == nil {
		t.Error("a dictionary that is none was taken")
	}
}
