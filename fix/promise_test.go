package fix

import (
	"slices"
	"strconv"
	"testing"

	"backstop/perp"
	"backstop/spec"
)

// TestReasonsHaveACategory: the table of promises has each reason once, in the
// order of precedence.
func TestReasonsHaveACategory(t *testing.T) {
	var want []string
	for _, r := range perp.Rejects() {
		want = append(want, r.String())
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
	for tag, values := range later {
		for _, v := range values {
			if !slices.Contains(used[tag], v) {
				t.Errorf("%d=%s is promised as a later value, no reason has it", tag, v)
			}
		}
	}
}

// TestFieldsSentAreInTheTable: what the gateway sends, members of groups too, has a
// row, and its value is one that the row allows.
func TestFieldsSentAreInTheTable(t *testing.T) {
	for name, d := range dialects {
		log, err := outboundLog(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range log {
			c, ok := spec.Promised().Chapter(m.kind)
			if !ok {
				t.Errorf("%s %s: no message %s in spec/messages.txt", name, m.name, m.kind)
			}
			for _, f := range m.fields {
				checkRow(t, c, m.name, f, d)
			}
		}
	}
}

func checkRow(t *testing.T, c spec.Chapter, name string, f pair, d dialect) {
	t.Helper()
	if slices.Contains([]int{35, 49, 56, 34, 52, 43, 97, 122}, f.tag) {
		return // The header.
	}
	known, allowed := false, false
	for _, r := range c.Rows {
		if r.Tag == f.tag {
			known, allowed = true, allowed || r.Values == nil || slices.Contains(r.Values, f.value)
		}
	}
	for _, o := range spec.Promised().Own {
		if o.Tag == f.tag && slices.Contains(o.In, c.Type) && (o.Both || d == vamm1) {
			known, allowed = true, o.Values == nil || slices.ContainsFunc(o.Values, func(v spec.Value) bool { return v.Enum == f.value })
		}
	}
	for _, v := range spec.Promised().Later {
		allowed = allowed || d == vamm1 && v.Tag == f.tag && v.Enum == f.value
	}
	if !known || !allowed {
		t.Errorf("%s: %d=%s is not in spec/messages.txt (tag: %v)", name, f.tag, f.value, known)
	}
}
