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

// hidden replaces a secret that stands in the file itself. It is no known form
// of a secret, so a printed configuration cannot be run with a wrong password.
const hidden = "(hidden)"

// Show prints the effective configuration as TOML: what the file says and the
// defaults of what it leaves out. Secrets that stand in the file are hidden; the rest can be read back.
func (c *Config) Show() string {
	var b strings.Builder
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("toml")
		switch f := v.Field(i); {
		case key == "":
		case f.Kind() == reflect.Struct:
			fmt.Fprintf(&b, "[%s]\n", key)
			showTable(&b, key, "", f)
			b.WriteString("\n")
		default:
			for j := range f.Len() {
				fmt.Fprintf(&b, "[[%s]]\n", key)
				showTable(&b, key, "", f.Index(j))
				b.WriteString("\n")
			}
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// showTable prints the keys of a struct, then its sections.
func showTable(b *strings.Builder, path, indent string, v reflect.Value) {
	t := v.Type()
	for i := range t.NumField() {
		key := t.Field(i).Tag.Get("toml")
		if f := v.Field(i); key != "" && f.Kind() != reflect.Struct && !omitted(f) {
			fmt.Fprintf(b, "%s%s = %s\n", indent, key, showValue(key, f, t.Field(i).Tag))
		}
	}
	for i := range t.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Struct {
			name := path + "." + t.Field(i).Tag.Get("toml")
			fmt.Fprintf(b, "%s  [%s]\n", indent, name)
			showTable(b, name, indent+"  ", f)
		}
	}
}

// omitted tells whether a value says nothing: a table without keys.
func omitted(v reflect.Value) bool { return v.Kind() == reflect.Map && v.Len() == 0 }

func showValue(key string, v reflect.Value, tag reflect.StructTag) string {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Slice:
		parts := make([]string, 0, v.Len())
		for i := range v.Len() {
			parts = append(parts, showValue(key, v.Index(i), tag))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		parts := make([]string, 0, v.Len())
		m := map[string]string{}
		for _, k := range v.MapKeys() {
			m[k.String()] = showValue(key, v.MapIndex(k), tag)
		}
		for _, k := range slices.Sorted(maps.Keys(m)) {
			parts = append(parts, quote(k)+" = "+m[k])
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return quote(plainText(key, v, tag))
}

// plainText is the text of a leaf as the file would say it.
func plainText(key string, v reflect.Value, tag reflect.StructTag) string {
	switch x := v.Interface().(type) {
	case perp.Ratio:
		if tag.Get("unit") == "bps" {
			return showBPS(x)
		}
		return x.String()
	case time.Duration:
		return showDuration(x)
	case fmt.Stringer:
		return x.String()
	}
	if key == "secret" && !pointsElsewhere(v.String()) {
		return hidden
	}
	return v.String()
}

// pointsElsewhere tells whether a secret only says where it is, or is none.
func pointsElsewhere(secret string) bool {
	return secret == "" || strings.HasPrefix(secret, "env:") || strings.HasPrefix(secret, "file:")
}

// showBPS prints a ratio in basis points.
func showBPS(r perp.Ratio) string {
	text := strconv.FormatInt(int64(r/perp.BP), 10)
	if rest := r % perp.BP; rest != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%02d", rest), "0")
	}
	return text
}

// showDuration prints "1m0s" as "1m".
func showDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// quote writes a TOML basic string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, "\\u%04X", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// Tree is the effective configuration as nested values for JSON, with the same
// keys and texts as Show.
func (c *Config) Tree() map[string]any { return treeOf(reflect.ValueOf(*c)).(map[string]any) }

func treeOf(v reflect.Value) any {
	tree := map[string]any{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if key := field.Tag.Get("toml"); key != "" {
			tree[key] = branch(key, v.Field(i), field.Tag)
		}
	}
	return tree
}

func branch(key string, v reflect.Value, tag reflect.StructTag) any {
	switch v.Kind() {
	case reflect.Struct:
		return treeOf(v)
	case reflect.Bool:
		return v.Bool()
	case reflect.Int:
		return v.Int()
	case reflect.Slice:
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			list = append(list, branch(key, v.Index(i), tag))
		}
		return list
	case reflect.Map:
		m := map[string]any{}
		for _, k := range v.MapKeys() {
			m[k.String()] = branch(key, v.MapIndex(k), tag)
		}
		return m
	}
	return plainText(key, v, tag)
}
