package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"backstop/perp"
)

// defaulted is a section that has values for the keys that a file leaves out.
type defaulted interface{ setDefaults() }

// decoder carries the values of a parsed file into Config. It does not stop at
// a fault, so that all of them are reported at once; the library's own strict
// mode knows unknown keys but stops at the first value of a wrong type.
type decoder struct {
	src   []byte
	spots index
	list  []Problem
}

// fault reports a problem at a value.
func (d *decoder) fault(path string, p Problem) {
	p.Line, p.Col, p.Length = d.spots.find(path).value.at(d.src)
	d.list = append(d.list, p)
}

// faultKey reports a problem at a key or a table's header.
func (d *decoder) faultKey(path string, p Problem) {
	p.Line, p.Col, p.Length = d.spots.find(path).key.at(d.src)
	d.list = append(d.list, p)
}

// table fills a struct from a TOML table.
func (d *decoder) table(path string, from map[string]any, into reflect.Value) {
	if s, ok := into.Addr().Interface().(defaulted); ok {
		s.setDefaults()
	}
	fields := keysOf(into.Type())
	for _, key := range slices.Sorted(maps.Keys(from)) {
		at := join(path, key)
		i, known := fields[key]
		if !known {
			d.faultKey(at, Problem{
				What:    fmt.Sprintf("unknown key %q in %s", key, section(path)),
				Meant:   nearest(key, slices.Sorted(maps.Keys(fields))),
				Allowed: d.allowedKeys(key, fields),
			})
			continue
		}
		d.value(at, from[key], into.Field(i), into.Type().Field(i).Tag)
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if _, given := from[key]; !given {
			d.absent(path, key, into.Type().Field(fields[key]), into.Field(fields[key]))
		}
	}
}

// absent handles a key that the file leaves out: a table has its defaults, a
// required key is missed.
func (d *decoder) absent(path, key string, f reflect.StructField, into reflect.Value) {
	if into.Kind() == reflect.Struct {
		d.table(join(path, key), nil, into)
		return
	}
	if f.Tag.Get("need") == "" {
		return
	}
	hint := "`gateway config init` prints a complete file to start from"
	d.faultKey(path, Problem{What: fmt.Sprintf("%s needs the key %q", section(path), key), Hint: hint})
}

// allowedKeys lists the keys of a section when none is near to what was said.
func (d *decoder) allowedKeys(said string, fields map[string]int) string {
	names := slices.Sorted(maps.Keys(fields))
	if nearest(said, names) != "" {
		return ""
	}
	return strings.Join(names, ", ")
}

// value fills one field.
func (d *decoder) value(path string, from any, into reflect.Value, tag reflect.StructTag) {
	switch {
	case into.Kind() == reflect.Struct:
		if table, ok := from.(map[string]any); ok {
			d.table(path, table, into)
			return
		}
		d.fault(path, Problem{What: fmt.Sprintf("%s is a section, not a value", path), Allowed: "[" + path + "]"})
	case into.Kind() == reflect.Slice:
		d.array(path, from, into, tag)
	case into.Kind() == reflect.Map:
		d.pairs(path, from, into, tag)
	default:
		d.leaf(path, from, into, tag)
	}
}

// array fills a list of strings or of tables.
func (d *decoder) array(path string, from any, into reflect.Value, tag reflect.StructTag) {
	list, ok := from.([]any)
	if !ok {
		allowed := `a list, such as ["A", "B"]`
		if into.Type().Elem().Kind() == reflect.Struct {
			allowed = "[[" + path + "]]"
		}
		d.faultKey(path, Problem{What: fmt.Sprintf("%s is a list", lastKey(path)), Allowed: allowed})
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
	for i, one := range list {
		d.value(fmt.Sprintf("%s[%d]", path, i), one, into.Index(i), tag)
	}
}

// pairs fills a map from names to values, such as {"BTC-PERP" = "60000"}.
func (d *decoder) pairs(path string, from any, into reflect.Value, tag reflect.StructTag) {
	table, ok := from.(map[string]any)
	if !ok {
		d.fault(path, Problem{What: fmt.Sprintf("%s is a table", lastKey(path)), Allowed: `such as { "BTC-PERP" = "60000" }`})
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, key := range slices.Sorted(maps.Keys(table)) {
		one := reflect.New(into.Type().Elem()).Elem()
		d.leaf(join(path, key), table[key], one, tag)
		into.SetMapIndex(reflect.ValueOf(key), one)
	}
}

// leaf fills one number, text or switch.
func (d *decoder) leaf(path string, from any, into reflect.Value, tag reflect.StructTag) {
	switch into.Kind() {
	case reflect.Bool:
		if v, ok := from.(bool); ok {
			into.SetBool(v)
			return
		}
		d.fault(path, Problem{What: fmt.Sprintf("%s is a switch", lastKey(path)), Allowed: "true, false"})
	case reflect.Int:
		v, ok := from.(int64)
		if !ok {
			d.fault(path, Problem{What: fmt.Sprintf("%s is a whole number without quotes", lastKey(path)), Allowed: rangeOf(tag)})
			return
		}
		into.SetInt(v)
		d.bounds(path, v, strconv.FormatInt(v, 10), into.Type(), tag)
	default:
		text, ok := from.(string)
		if !ok {
			d.fault(path, Problem{What: notText(path, from, into.Type()), Allowed: rangeOf(tag)})
			return
		}
		d.text(path, text, into, tag)
	}
}

// notText explains why a value must stand in quotes.
func notText(path string, from any, t reflect.Type) string {
	switch from.(type) {
	case map[string]any, []any:
		return fmt.Sprintf("%s is one value in quotes, not a list or table", lastKey(path))
	}
	if t.Kind() == reflect.String {
		return fmt.Sprintf("%s is a text: write it in quotes", lastKey(path))
	}
	if t == durationType {
		return fmt.Sprintf("%s is a duration in quotes, such as \"500ms\"", lastKey(path))
	}
	return fmt.Sprintf("%s is an exact decimal: write it in quotes, such as \"%v\"", lastKey(path), from)
}

// text reads a value that stands in quotes.
func (d *decoder) text(path, text string, into reflect.Value, tag reflect.StructTag) {
	if into.Kind() == reflect.String {
		into.SetString(text)
		d.choice(path, text, tag)
		return
	}
	v, err := parseUnit(text, into.Type(), tag)
	if err != nil {
		d.fault(path, Problem{What: fmt.Sprintf("%s: %v", lastKey(path), err), Allowed: rangeOf(tag)})
		return
	}
	into.SetInt(v)
	d.bounds(path, v, text, into.Type(), tag)
}

// choice refuses a word that is not in the list of the tag, and an empty text
// where one is needed.
func (d *decoder) choice(path, text string, tag reflect.StructTag) {
	if tag.Get("need") != "" && text == "" {
		d.fault(path, Problem{What: fmt.Sprintf("%s must not be empty", lastKey(path))})
	}
	words, limited := tag.Lookup("oneof")
	if !limited || slices.Contains(strings.Split(words, "|"), text) {
		return
	}
	all := strings.Split(words, "|")
	d.fault(path, Problem{
		What: fmt.Sprintf("%s %q is not known", lastKey(path), text), Meant: nearest(text, all),
		Allowed: strings.Join(all, ", "),
	})
}

// bounds refuses a number outside the min and max of the tag.
func (d *decoder) bounds(path string, v int64, said string, t reflect.Type, tag reflect.StructTag) {
	low, hasLow := bound(tag, "min", t)
	high, hasHigh := bound(tag, "max", t)
	if (hasLow && v < low) || (hasHigh && v > high) {
		d.fault(path, Problem{What: fmt.Sprintf("%s %s is out of range", lastKey(path), said), Allowed: rangeOf(tag)})
	}
}

// bound reads a limit of the tag in the unit of the field; a limit that does
// not parse is a mistake in this program, which TestTagsParse finds.
func bound(tag reflect.StructTag, name string, t reflect.Type) (int64, bool) {
	text, ok := tag.Lookup(name)
	if !ok {
		return 0, false
	}
	v, err := parseUnit(text, t, tag)
	if err != nil {
		panic(perp.Fault{What: fmt.Sprintf("bad %s %q in the tag of a %s", name, text, t)})
	}
	return v, true
}

// rangeOf says in words what the tag allows.
func rangeOf(tag reflect.StructTag) string {
	low, hasLow := tag.Lookup("min")
	high, hasHigh := tag.Lookup("max")
	switch {
	case hasLow && hasHigh:
		return low + " to " + high
	case hasLow:
		return low + " or more"
	case hasHigh:
		return high + " or less"
	}
	return strings.ReplaceAll(tag.Get("oneof"), "|", ", ")
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	priceType    = reflect.TypeFor[perp.Price]()
	sizeType     = reflect.TypeFor[perp.Size]()
	moneyType    = reflect.TypeFor[perp.Money]()
	ratioType    = reflect.TypeFor[perp.Ratio]()
)

// parseUnit reads a value in the unit of its type, exactly or not at all.
func parseUnit(text string, t reflect.Type, tag reflect.StructTag) (int64, error) {
	switch t {
	case durationType:
		v, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration such as \"500ms\", \"2s\" or \"24h\"", text)
		}
		return int64(v), nil
	case priceType:
		v, err := perp.ParsePrice(text)
		return int64(v), err
	case sizeType:
		v, err := perp.ParseSize(text)
		return int64(v), err
	case moneyType:
		v, err := perp.ParseMoney(text)
		return int64(v), err
	case ratioType:
		v, err := perp.ParseRatio(text)
		if err == nil && tag.Get("unit") == "bps" {
			return parseBPS(v)
		}
		return int64(v), err
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return v, nil
}

// bpsScale is how many times larger a number reads in basis points than as a
// ratio.
const bpsScale = 10_000

// parseBPS turns a number of basis points into a ratio.
func parseBPS(v perp.Ratio) (int64, error) {
	if v%bpsScale != 0 {
		return 0, fmt.Errorf("%s basis points: %w (two)", v, perp.ErrDigits)
	}
	return int64(v / bpsScale), nil
}

// keysOf maps the TOML keys of a struct to its fields.
func keysOf(t reflect.Type) map[string]int {
	fields := map[string]int{}
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("toml"); key != "" {
			fields[key] = i
		}
	}
	return fields
}

// section names a table as it stands in the file.
func section(path string) string {
	if path == "" {
		return "the file"
	}
	name := strings.Builder{}
	depth := 0
	for _, r := range path {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case depth == 0:
			name.WriteRune(r)
		}
	}
	return "[" + name.String() + "]"
}

// lastKey is the key of a path without the sections around it and the place in
// a list.
func lastKey(path string) string {
	key, _, _ := strings.Cut(path[strings.LastIndexByte(path, '.')+1:], "[")
	return key
}
