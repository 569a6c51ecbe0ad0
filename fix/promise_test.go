package fix

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"backstop/perp"
	"backstop/spec"
)

// TestReasonsHaveACategory: the table of promises has each reason that a client may be
// told once, in the order of precedence.
func TestReasonsHaveACategory(t *testing.T) {
	var want []string
	for _, r := range perp.Rejects() {
		if !r.OfTheDesk() {
			want = append(want, r.String())
		}
	}
	if got := spec.Promised().Reasons; !slices.Equal(got, want) {
		t.Errorf("spec/messages.txt has the reasons %v, want %v", got, want)
	}
}

// valuesOf are the values that the table has for a field of a message.
func valuesOf(t *testing.T, msgType string, tag int) []string {
	t.Helper()
	c, _ := spec.Promised().Chapter(msgType)
	i := slices.IndexFunc(c.Rows, func(r spec.Row) bool { return r.Tag == tag && r.Group == 0 })
	if i < 0 || c.Rows[i].Values == nil {
		t.Fatalf("spec/messages.txt has no values of %d in %s", tag, msgType)
	}
	return c.Rows[i].Values
}

// TestCodesAreInTheTable: every code of fix/reject.go is a value that the table
// promises in the message that says it, and a later one is listed as such.
func TestCodesAreInTheTable(t *testing.T) {
	later := map[int][]string{}
	for _, v := range spec.Promised().Later {
		later[v.Tag] = append(later[v.Tag], v.Enum)
	}
	check := func(r perp.Reject, msgType string, tag, code int, allowed []string) {
		if v := strconv.Itoa(code); !slices.Contains(allowed, v) {
			t.Errorf("%v: %d=%s in %s is not in spec/messages.txt, which has %v", r, tag, v, msgType, allowed)
		}
	}
	used := map[int][]string{}
	for _, c := range rejectTable {
		check(c.reject, "8", 103, c.order, valuesOf(t, "8", 103))
		check(c.reject, "9", 102, c.cancel, valuesOf(t, "9", 102))
		check(c.reject, "j", 380, c.business, valuesOf(t, "j", 380))
		check(c.reject, "AG", 658, c.quote, valuesOf(t, "AG", 658))
		check(c.reject, "AO", 728, c.position, valuesOf(t, "AO", 728))
		check(c.reject, "BG", 946, c.inquiry, valuesOf(t, "BG", 946))
		check(c.reject, "AQ", 749, c.inquiry, valuesOf(t, "AQ", 749))
		check(c.reject, "8", 103, c.orderLater, append(slices.Clone(valuesOf(t, "8", 103)), later[103]...))
		check(c.reject, "j", 380, c.businessLater, append(slices.Clone(valuesOf(t, "j", 380)), later[380]...))
		used[103] = append(used[103], strconv.Itoa(c.orderLater))
		used[380] = append(used[380], strconv.Itoa(c.businessLater))
	}
	for tag, codes := range used {
		for _, v := range later[tag] {
			if !slices.Contains(codes, v) {
				t.Errorf("%d=%s is promised as a later value, no reason has it", tag, v)
			}
		}
	}
}

// use is a value of a field in a message that the gateway sends or takes.
type use struct {
	where, kind string
	field       pair
	d           dialect
}

// uses are those of the golden logs, and the types and times in force of orders.
func uses(t *testing.T) (all []use) {
	t.Helper()
	for name, d := range dialects {
		log, err := outboundLog(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range log {
			for _, f := range m.fields {
				if !slices.Contains([]int{35, 49, 56, 34, 52, 43, 97, 122}, f.tag) { // The header.
					all = append(all, use{name + " " + m.name, m.kind, f, d})
				}
			}
		}
	}
	for _, kind := range []string{"D", "G", "8"} {
		for _, code := range typeCodes {
			all = append(all, use{"type of an order", kind, pair{40, code}, strict44})
		}
		for _, code := range tifCodes {
			all = append(all, use{"time in force of an order", kind, pair{59, code}, strict44})
		}
	}
	return all
}

// TestFieldsSentAreInTheTable: what the gateway sends, members of groups too, has a
// row, and its value is one that the row allows. With -update values are added.
func TestFieldsSentAreInTheTable(t *testing.T) {
	const path = "../spec/messages.txt"
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(src)
	for _, u := range uses(t) {
		known, allowed := promised(u)
		if known && !allowed && *update {
			text = withValue(text, u)
		} else if !known || !allowed {
			t.Errorf("%s: %d=%s in %s is not in spec/messages.txt (the tag is: %v)", u.where, u.field.tag, u.field.value, u.kind, known)
		}
	}
	if text != string(src) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// promised tells whether the table has a field in a message, and its value.
func promised(u use) (known, allowed bool) {
	table := spec.Promised()
	c, _ := table.Chapter(u.kind)
	for _, r := range c.Rows {
		if r.Tag == u.field.tag {
			known, allowed = true, allowed || r.Values == nil || slices.Contains(r.Values, u.field.value)
		}
	}
	for _, o := range table.Own {
		if o.Tag == u.field.tag && slices.Contains(o.In, u.kind) && (o.Both || u.d == vamm1) {
			known, allowed = true, o.Values == nil || slices.ContainsFunc(o.Values, func(v spec.Value) bool { return v.Enum == u.field.value })
		}
	}
	for _, v := range table.Later {
		allowed = allowed || u.d == vamm1 && v.Tag == u.field.tag && v.Enum == u.field.value
	}
	return known, allowed
}

// withValue adds a value to the row of a field in the text of the table.
func withValue(text string, u use) string {
	lines, kind := strings.Split(text, "\n"), ""
	for i, line := range lines {
		f := strings.SplitN(line, " ", 7)
		if f[0] == "message" {
			kind = f[1]
		}
		if kind != u.kind || (f[0] != "field" && f[0] != "member") || f[1] != strconv.Itoa(u.field.tag) {
			continue
		}
		if values := strings.Split(f[5], ","); !slices.Contains(values, u.field.value) {
			f[5] = strings.Join(append(values, u.field.value), ",")
		}
		lines[i] = strings.Join(f, " ")
	}
	return strings.Join(lines, "\n")
}
