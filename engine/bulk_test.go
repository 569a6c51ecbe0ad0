package engine

import (
	"errors"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"backstop/perp"
	"backstop/quoting"
)

// fill sets every value in v to one of its own, so that one that is left out or in
// another place is seen.
func fill(v reflect.Value, next *int64) {
	*next++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(-*next % 100)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*next % 200))
	case reflect.String:
		v.SetString(strings.Repeat("x", int(*next)))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), next)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), next)
		}
	}
}

// TestBulkKeepsEverything: each record of the bulk comes back as it was, with every
// field that its type has; cut short anywhere it is refused.
func TestBulkKeepsEverything(t *testing.T) {
	for _, record := range []any{&quoting.Pending{}, &past{}, &order{}} {
		want := reflect.ValueOf(record).Elem()
		var n int64
		fill(want, &n)
		text := pack(nil, want)
		got := reflect.New(want.Type()).Elem()
		r := bulk{rest: text}
		if r.unpack(got); r.err != nil || len(r.rest) > 0 || !reflect.DeepEqual(got.Interface(), want.Interface()) {
			t.Errorf("%s: %v, %d bytes left:\n%+v\n%+v", want.Type(), r.err, len(r.rest), got, want)
		}
		for end := range text {
			if r := (bulk{rest: text[:end]}); true {
				if r.unpack(reflect.New(want.Type()).Elem()); r.err == nil {
					t.Errorf("%s: %d bytes of %d were taken for a record", want.Type(), end, len(text))
				}
			}
		}
	}
}

// TestLayout: a field that is renamed, of another kind or in another place makes
// another layout.
func TestLayout(t *testing.T) {
	type record struct {
		A int64
		B [2]struct{ C []string }
	}
	seen := map[string]reflect.Type{}
	for _, of := range []reflect.Type{
		reflect.TypeFor[record](),
		reflect.TypeFor[struct {
			B [2]struct{ C []string }
			A int64
		}](),
		reflect.TypeFor[struct {
			A int64
			B [3]struct{ C []string }
		}](),
		reflect.TypeFor[struct {
			A int64
			B [2]struct{ D []string }
		}](),
		reflect.TypeFor[struct {
			A int64
			B [2]struct{ C []bool }
		}](),
		reflect.TypeFor[struct {
			A int32
			B [2]struct{ C []string }
		}](),
	} {
		text := string(describe(nil, of))
		if other, twice := seen[text]; twice {
			t.Errorf("%s and %s are both %s", of, other, text)
		}
		seen[text] = of
	}
	if got := string(describe(nil, reflect.TypeFor[record]())); got != "struct {A int64;B array 2 struct {C slice string;};}" {
		t.Error(got)
	}
}

// TestBulkRefuses: what does not fit is an error and no memory.
func TestBulkRefuses(t *testing.T) {
	var small int8
	var text string
	var many []quoting.Pending
	var pointer *int
	for _, c := range []struct {
		into  any
		bytes []byte
	}{
		{&small, []byte{0xff, 0x7f}},
		{&text, []byte{5, 'a'}},
		{&many, []byte{0xff, 0xff, 0xff, 0xff, 0x7f, 0}},
		{&many, slices.Repeat([]byte{0xff}, 11)},
		{&pointer, []byte{0}},
	} {
		r := bulk{rest: c.bytes}
		if r.unpack(reflect.ValueOf(c.into).Elem()); r.err == nil {
			t.Errorf("%v was taken for a %T", c.bytes, c.into)
		}
	}
	defer func() {
		if _, fault := recover().(perp.Fault); !fault {
			t.Error("a pointer was written")
		}
	}()
	pack(nil, reflect.ValueOf(&pointer).Elem())
}

// TestRestoreOfDamage: a snapshot that lacks something or has more, or whose records
// are in the wrong place, is refused; one of another version is named as such.
func TestRestoreOfDamage(t *testing.T) {
	s := opened(t)
	for _, line := range play {
		s.run(line)
	}
	good := s.e.Snapshot()
	if _, err := Restore(good); err != nil {
		t.Fatal(err)
	}
	header := slices.Index(good, '\n')
	for end := header + 1 + len(layout); end < len(good); end++ {
		if _, err := Restore(good[:end]); err == nil {
			t.Fatalf("%d bytes of %d were taken for a snapshot", end, len(good))
		}
	}
	if _, err := Restore(append(slices.Clip(good), 0)); err == nil || errors.Is(err, ErrVersion) {
		t.Errorf("a byte more: %v", err)
	}
	if _, err := Restore(good[:header]); !errors.Is(err, ErrVersion) {
		t.Errorf("without records: %v", err)
	}
	other := slices.Clone(good)
	other[header+1]++
	if _, err := Restore(other); !errors.Is(err, ErrVersion) {
		t.Errorf("of another layout: %v", err)
	}
	working := *s.e.state.Book
	defer func() { *s.e.state.Book = working }()
	o := *working.ended[working.first]
	o.Ended = 0
	s.e.state.Book.ended = []*order{&o}
	s.e.state.Book.first = 0
	if _, err := Restore(s.e.Snapshot()); err == nil {
		t.Error("an order that has not ended was taken for one that has")
	}
}

// TestFirstSnapshotAfterRestore: the state that a start compares with what was saved is
// written into memory of its size, not into one piece after the other that turns out to be
// too small.
func TestFirstSnapshotAfterRestore(t *testing.T) {
	s := opened(t)
	for _, line := range play {
		s.run(line)
	}
	queue := &s.e.state.Markets[0].Quoting.Markouts.Queue
	for range 20_000 {
		*queue = append(*queue, quoting.Pending{OrderID: "O-1234567", ExecID: "X-1234567", Session: "alice", Arrived: s.e.now})
	}
	e, err := Restore(s.e.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	text := e.Snapshot()
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(2*len(text)) {
		t.Errorf("%d bytes were allocated for a snapshot of %d", took, len(text))
	}
}
