package store

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// appendJSON writes what json.Marshal would. The events of an order are a hundred
// numbers and plain words, for which that asks more questions than it writes
// bytes; whatever else a type holds is left to it.
func appendJSON(b []byte, v any) ([]byte, error) {
	value := reflect.ValueOf(v)
	fields, plain := fieldsOf(value.Type())
	if !plain {
		text, err := json.Marshal(v)
		return append(b, text...), err
	}
	return appendStruct(b, value, fields), nil
}

// field is one field of a struct as JSON has it.
type field struct {
	index     []int
	key       string // with quotes and colon
	kind      reflect.Kind
	fields    []field // of a struct
	omitempty bool
}

// known holds the fields of every type seen; nil for one that json.Marshal writes.
var known sync.Map

func fieldsOf(t reflect.Type) ([]field, bool) {
	if found, ok := known.Load(t); ok {
		fields := found.([]field)
		return fields, fields != nil
	}
	fields, plain := plainFields(t, nil)
	if !plain || !distinct(fields) {
		fields = nil
	}
	known.Store(t, fields)
	return fields, fields != nil
}

func distinct(fields []field) bool {
	keys := map[string]bool{}
	for _, f := range fields {
		if keys[f.key] {
			return false // Go's rules of embedding decide.
		}
		keys[f.key] = true
	}
	return true
}

// plainFields are the fields of a struct and of those embedded in it, if all are
// numbers, words, truths or such structs.
func plainFields(t reflect.Type, above []int) (all []field, plain bool) {
	if t.Kind() != reflect.Struct || marshals(t) {
		return nil, false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int{}, above...), i)
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case f.Anonymous && !tagged:
			inner, ok := plainFields(f.Type, index)
			if !ok {
				return nil, false
			}
			all = append(all, inner...)
			continue
		case !f.IsExported():
			continue
		case name != "" || options != "" && options != "omitempty" || marshals(f.Type):
			return nil, false
		}
		x := field{index: index, key: `"` + f.Name + `":`, kind: f.Type.Kind(), omitempty: options != ""}
		switch x.kind {
		case reflect.Struct:
			inner, ok := plainFields(f.Type, nil)
			if !ok || !distinct(inner) {
				return nil, false
			}
			x.fields = inner
		case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
			reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		default:
			return nil, false
		}
		all = append(all, x)
	}
	return all, true
}

// marshals tells whether a type writes itself.
func marshals(t reflect.Type) bool {
	for _, own := range []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if t.Implements(own) || reflect.PointerTo(t).Implements(own) {
			return true
		}
	}
	return false
}

func appendStruct(b []byte, v reflect.Value, fields []field) []byte {
	b = append(b, '{')
	first := true
	for i := range fields {
		f := &fields[i]
		x := v
		for _, k := range f.index {
			x = x.Field(k)
		}
		if f.omitempty && f.kind != reflect.Struct && x.IsZero() {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, f.key...)
		switch f.kind {
		case reflect.Struct:
			b = appendStruct(b, x, f.fields)
		case reflect.String:
			b = appendText(b, x.String())
		case reflect.Bool:
			b = strconv.AppendBool(b, x.Bool())
		case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			b = strconv.AppendUint(b, x.Uint(), 10)
		default:
			b = strconv.AppendInt(b, x.Int(), 10)
		}
	}
	return append(b, '}')
}

// appendText writes a plain word; one with anything that JSON may have to escape
// is left to json.Marshal.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, err := json.Marshal(s)
			if err != nil {
				panic("a text does not encode: " + err.Error())
			}
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
