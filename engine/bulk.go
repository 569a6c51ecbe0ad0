package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"reflect"

	"backstop/perp"
	"backstop/quoting"
)

// Bulk is the part of the state that grows with what was dealt of late: tens of
// thousands of records of plain values. As JSON they would be nearly all of a
// snapshot, of the time in which the loop stands still for one, and of a restart.
// They stand after the JSON, value by value without names, so a record is what its
// type says: Restore takes only snapshots of its own layout.

// layout stands before the bulk: two versions have the same one if their records have
// the same fields in the same order.
var layout = sha256.Sum256(describe(nil, reflect.TypeFor[struct {
	Markouts []quoting.Pending
	History  []past
	Ended    []order
}]()))

// describe appends what pack makes of a type.
func describe(b []byte, t reflect.Type) []byte {
	b = append(b, t.Kind().String()...)
	switch t.Kind() {
	case reflect.Slice:
		b = describe(append(b, ' '), t.Elem())
	case reflect.Array:
		b = describe(fmt.Appendf(b, " %d ", t.Len()), t.Elem())
	case reflect.Struct:
		b = append(b, " {"...)
		for i := range t.NumField() {
			f := t.Field(i)
			b = append(describe(append(b, f.Name+" "...), f.Type), ';')
		}
		b = append(b, '}')
	}
	return b
}

// pack appends a value: numbers as varints, texts and slices with their length
// before them, structs field by field.
func pack(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return binary.AppendUvarint(b, v.Uint())
	case reflect.String:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		return append(b, v.String()...)
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		return packAll(b, v)
	case reflect.Array:
		return packAll(b, v)
	case reflect.Struct:
		for i := range v.NumField() {
			b = pack(b, v.Field(i))
		}
		return b
	}
	// Records are plain data; one that is not is a bug.
	panic(perp.Fault{What: "state does not encode: " + v.Type().String()})
}

func packAll(b []byte, v reflect.Value) []byte {
	for i := range v.Len() {
		b = pack(b, v.Index(i))
	}
	return b
}

// bulk reads what pack wrote. Its first error stays, and everything after it is zero.
type bulk struct {
	rest []byte
	err  error
}

func (r *bulk) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s, %d bytes before the end", what, len(r.rest))
	}
	r.rest = nil
}

// varint reads a number with one of the two readers of encoding/binary.
func varint[T int64 | uint64](r *bulk, read func([]byte) (T, int)) T {
	x, n := read(r.rest)
	if n <= 0 {
		r.fail("no number")
		return 0
	}
	r.rest = r.rest[n:]
	return x
}

// number reads a number into what set sets, unless it is more than that holds.
func number[T int64 | uint64](r *bulk, read func([]byte) (T, int), overflows func(T) bool, set func(T)) {
	if x := varint(r, read); overflows(x) {
		r.fail("a number that is too large")
	} else {
		set(x)
	}
}

// length is that of a text or slice. Each part of one has a byte at least, so that a
// wrong length cannot ask for more memory than there are bytes.
func (r *bulk) length() int {
	n := varint(r, binary.Uvarint)
	if n > uint64(len(r.rest)) {
		r.fail("a length that is too large")
		return 0
	}
	return int(n)
}

// unpack reads a value into v, which can be set.
func (r *bulk) unpack(v reflect.Value) {
	if r.err != nil {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(varint(r, binary.Uvarint) != 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		number(r, binary.Varint, v.OverflowInt, v.SetInt)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		number(r, binary.Uvarint, v.OverflowUint, v.SetUint)
	case reflect.String:
		n := r.length()
		v.SetString(string(r.rest[:n]))
		r.rest = r.rest[n:]
	case reflect.Slice:
		n := r.length()
		if n > 0 { // An empty one is nil, as JSON leaves it out.
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		r.unpackAll(v)
	case reflect.Array:
		r.unpackAll(v)
	case reflect.Struct:
		for i := range v.NumField() {
			r.unpack(v.Field(i))
		}
	default:
		r.fail("a " + v.Type().String())
	}
}

func (r *bulk) unpackAll(v reflect.Value) {
	for i := range v.Len() {
		r.unpack(v.Index(i))
	}
}
