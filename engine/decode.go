package engine

import (
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"

	"backstop/perp"
)

// A payload of a journal is what Encode wrote: JSON without blanks, with the fields of
// the command in the order of its struct. json.Unmarshal takes that apart as anything
// that JSON could be, which was a quarter of what a command costs in a replay. So
// what is exactly in that form is read here, and whatever else is left to it.

// part is a field of a command in that form.
type part struct {
	key  string // with quotes and colon
	path []int
	kind reflect.Kind // Invalid: one that is left to json.Unmarshal
}

// forms are the fields of the commands that most of a journal is.
var forms = map[reflect.Type][]part{}

func init() {
	for _, t := range []reflect.Type{
		reflect.TypeFor[perp.PlaceOrder](), reflect.TypeFor[perp.CancelOrder](), reflect.TypeFor[perp.ReplaceOrder](),
		reflect.TypeFor[perp.RequestQuote](), reflect.TypeFor[perp.OracleTick](), reflect.TypeFor[perp.ClockTick](),
	} {
		forms[t] = partsOf(t, nil)
	}
}

// partsOf are the fields of a struct and of those that are embedded in it.
func partsOf(t reflect.Type, above []int) (all []part) {
	for i := range t.NumField() {
		f := t.Field(i)
		path := append(slices.Clone(above), i)
		if f.Anonymous && f.Tag.Get("json") == "" {
			all = append(all, partsOf(f.Type, path)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		p := part{key: `"` + name + `":`, path: path}
		if f.IsExported() && plainly(f.Type) {
			p.kind = f.Type.Kind()
		}
		all = append(all, p)
	}
	return all
}

// plainly tells whether a type is a number, a word or a truth that JSON shows as it
// is: the units of perp read themselves, but that very form.
func plainly(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[perp.Price](), reflect.TypeFor[perp.Size](), reflect.TypeFor[perp.Money](), reflect.TypeFor[perp.Ratio]():
		return true
	}
	for _, own := range []reflect.Type{reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()} {
		if reflect.PointerTo(t).Implements(own) {
			return false
		}
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

// readPlain reads a payload into a command that is zero. Not done: it is not in the
// form, or a field is not, and something may have been written already.
func readPlain(b []byte, into reflect.Value, form []part) (done bool) {
	if len(b) < 2 || b[0] != '{' {
		return false
	}
	if b = b[1:]; b[0] == '}' {
		return len(b) == 1
	}
	for i := 0; ; i++ {
		for i < len(form) && !(len(b) > len(form[i].key) && string(b[:len(form[i].key)]) == form[i].key) {
			i++ // It was zero and is left out.
		}
		if i == len(form) {
			return false
		}
		n := readValue(b[len(form[i].key):], into, &form[i])
		if n == 0 {
			return false
		}
		if b = b[len(form[i].key)+n:]; len(b) == 0 {
			return false
		}
		if b[0] == '}' {
			return len(b) == 1
		}
		if b[0] != ',' {
			return false
		}
		b = b[1:]
	}
}

// readValue reads the value that some bytes begin with, and tells how many of them it
// is: zero if it is left to json.Unmarshal.
func readValue(b []byte, into reflect.Value, p *part) int {
	switch p.kind {
	case reflect.Invalid:
		return 0
	case reflect.String:
		n := wordLength(b)
		if n > 0 {
			into.FieldByIndex(p.path).SetString(string(b[1 : n-1]))
		}
		return n
	case reflect.Bool:
		switch {
		case len(b) > 4 && string(b[:4]) == "true":
			into.FieldByIndex(p.path).SetBool(true)
			return 4
		case len(b) > 5 && string(b[:5]) == "false":
			return 5
		}
		return 0
	}
	v, n := readNumber(b)
	if n == 0 {
		return 0
	}
	field := into.FieldByIndex(p.path)
	switch {
	case field.CanInt() && !field.OverflowInt(v):
		field.SetInt(v)
	case field.CanUint() && v >= 0 && !field.OverflowUint(uint64(v)):
		field.SetUint(uint64(v))
	default:
		return 0
	}
	return n
}

// wordLength is how long a text with its quotes is; zero for one with anything in it
// that JSON may say in several ways.
func wordLength(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < ' ' || c > '~' || c == '\\':
			return 0
		}
	}
	return 0
}

// digitsMost are as many as an int64 may have; a uint64 holds any number of them.
const digitsMost = 19

// readNumber reads a whole number that an int64 holds.
func readNumber(b []byte) (v int64, n int) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		n = 1
	}
	first, size := n, uint64(0)
	for n < len(b) && '0' <= b[n] && b[n] <= '9' {
		if n-first == digitsMost {
			return 0, 0
		}
		size = size*10 + uint64(b[n]-'0')
		n++
	}
	if n == first || b[first] == '0' && (negative || n > first+1) || size > math.MaxInt64 {
		return 0, 0 // Among them -0, which is a number for some kinds and none for others.
	}
	if v = int64(size); negative {
		v = -v
	}
	return v, n
}
