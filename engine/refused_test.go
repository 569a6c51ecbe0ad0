package engine

import (
	"reflect"
	"testing"

	"backstop/perp"
)

// TestRefusedLogonsChangeNothing: a note of the guard is answered, for the audit,
// and leaves no trace in the state but its number: strangers cannot make it grow.
func TestRefusedLogonsChangeNothing(t *testing.T) {
	e := New()
	e.Apply(perp.ClockTick{}, 1, 10)
	before := len(e.Snapshot())
	note := perp.LogonsRefused{
		Operator: perp.Operator{Key: "guard/1", By: "guard", Reason: "wrong credentials"}, Session: "ALICE", Addr: "192.0.2.1", Count: 5, First: 3, Last: 9,
	}
	kind, payload := Encode(note)
	back, err := Decode(kind, payload)
	if err != nil || !reflect.DeepEqual(back, perp.Command(note)) {
		t.Errorf("%+v, %v", back, err)
	}
	want := []perp.Event{perp.OperatorAnswered{Key: "guard/1", Command: "LogonsRefused", By: "guard", Text: "5 refused"}}
	for seq := range int64(3) { // Its key is not kept: the same again is answered again.
		if got := e.Apply(note, 2+seq, 10); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v", got)
		}
	}
	if after := len(e.Snapshot()); after != before {
		t.Errorf("the state grew from %d to %d bytes", before, after)
	}
	note.Count = 0
	got := e.Apply(note, 5, 10)
	if len(got) != 1 || got[0].(perp.OperatorAnswered).Verdict.Reject != perp.OutOfRange {
		t.Errorf("a note of nothing: %+v", got)
	}
}
