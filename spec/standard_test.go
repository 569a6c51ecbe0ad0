package spec

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"
)

func strictDictionary(t *testing.T) (doc xmlDictionary) {
	t.Helper()
	if err := xml.Unmarshal(Dictionary(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// flat is what a list of members comes to when components and groups are
// unfolded, in order.
func flat(members []xmlMember, parts map[string][]xmlMember) (names []string) {
	for _, m := range members {
		if m.XMLName.Local == "component" {
			names = append(names, flat(parts[m.Name], parts)...)
			continue
		}
		names = append(append(names, m.Name), flat(m.Members, parts)...)
	}
	return names
}

// leftOut are groups that no message of ours needs; where FIX44.xml lacks one, a
// client that sends it is refused.
var leftOut = []string{"NoLegs", "NoUnderlyings"}

// TestDictionaryIsTheStandard: FIX44.xml has the messages, fields, types and
// values of the dictionary that clients use, in its order; only groups inside
// groups are flat, some groups are left out, and the tags of our own stand at the end.
func TestDictionaryIsTheStandard(t *testing.T) {
	stock, ours := stockDictionary("FIX44.xml"), strictDictionary(t)
	stockParts, ourParts := partsOf(stock), partsOf(ours)
	fields := map[string]xmlField{}
	for _, f := range stock.Fields {
		fields[f.Name] = f
	}
	own := map[string]bool{}
	for _, o := range Promised().Own {
		own[o.Name] = o.Both
	}
	for _, f := range ours.Fields {
		was, known := fields[f.Name]
		switch {
		case own[f.Name] && !known:
		case !known || was.Number != f.Number || was.Type != f.Type:
			t.Errorf("%d %s %s is %d %s in the standard", f.Number, f.Name, f.Type, was.Number, was.Type)
		case !sameValues(was, f):
			t.Errorf("%d %s has other values than the standard: %v, not %v", f.Number, f.Name, f.Values, was.Values)
		}
	}
	if len(ours.Messages) != len(stock.Messages) {
		t.Fatalf("%d messages, the standard has %d", len(ours.Messages), len(stock.Messages))
	}
	for i, m := range stock.Messages {
		ours := ours.Messages[i]
		got := slices.DeleteFunc(flat(ours.Members, ourParts), func(n string) bool { return own[n] })
		want := flat(without(m.Members, got), stockParts)
		for j := 0; j < max(len(got), len(want)); j++ {
			if at(got, j) != at(want, j) || ours.Type != m.Type {
				t.Errorf("%s (%s): field %d is %q, in the standard %q", ours.Name, m.Type, j+1, at(got, j), at(want, j))
				break
			}
		}
	}
}

// without leaves out, at every depth, the groups of leftOut that ours has not.
func without(members []xmlMember, ours []string) (kept []xmlMember) {
	for _, f := range members {
		if f.XMLName.Local != "group" || !slices.Contains(leftOut, f.Name) || slices.Contains(ours, f.Name) {
			f.Members = without(f.Members, ours)
			kept = append(kept, f)
		}
	}
	return kept
}

func at(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return ""
}

func sameValues(a, b xmlField) bool {
	list := func(f xmlField) (all []string) {
		for _, v := range f.Values {
			all = append(all, v.Enum)
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(list(a), list(b))
}

// TestRowsAreOfTheStandard: what the table says of a field is what the
// dictionaries know: its name, its values, and the versions that have it.
func TestRowsAreOfTheStandard(t *testing.T) {
	versions, fields := stockVersions(), decoded(Dictionary())
	for _, c := range Promised().Messages {
		if name, ok := MessageName(c.Type); !ok || name != c.Name {
			t.Errorf("message %s is %s, not %s", c.Type, name, c.Name)
		}
		for _, r := range c.Rows {
			if fields[r.Tag].Name != r.Name {
				t.Errorf("%s: %d is %s, not %s", c.Type, r.Tag, fields[r.Tag].Name, r.Name)
			}
			if want := versions(c.Type, r.Tag); !slices.Equal(want, r.Versions) {
				t.Errorf("%s: %d is in versions %v, the table says %v", c.Type, r.Tag, want, r.Versions)
			}
			for _, v := range r.Values {
				if _, known := ValueName(r.Tag, v); len(fields[r.Tag].Values) > 0 && !known {
					t.Errorf("%s: %d=%s is no value of it", c.Type, r.Tag, v)
				}
			}
			if !slices.Contains(r.Versions, "44") {
				t.Errorf("%s: %d is not in FIX 4.4", c.Type, r.Tag)
			}
		}
	}
}

// TestOwnTagsAreInTheDictionaries: a tag of our own stands in the dictionaries of
// the dialects, and in the messages, that the table names. In STRICT44 the gateway
// sends none, but in the answer to a Logon.
func TestOwnTagsAreInTheDictionaries(t *testing.T) {
	strict, later := decoded(Dictionary()), decoded(DictionaryVAMM1())
	members := map[string][]string{}
	for _, m := range strictDictionary(t).Messages {
		for _, f := range m.Members {
			members[m.Type] = append(members[m.Type], f.Name)
		}
	}
	for _, o := range Promised().Own {
		if _, known := strict[o.Tag]; known != o.Both {
			t.Errorf("%d in STRICT44: %v", o.Tag, known)
		}
		if f := later[o.Tag]; f.Name != o.Name || f.Type != o.Type || len(f.Values) != len(o.Values) {
			t.Errorf("%d is %s %s in VAMM1, the table says %s %s", o.Tag, f.Name, f.Type, o.Name, o.Type)
		}
		for _, kind := range o.In {
			c, _ := Promised().Chapter(kind)
			if d, _ := Message(kind); !slices.Contains(keysOf(d.Required), o.Name) {
				t.Errorf("%s of VAMM1 has no %s", kind, o.Name)
			}
			if want := o.Both && c.From != "gateway"; slices.Contains(members[kind], o.Name) != want {
				t.Errorf("%s of STRICT44 has %s: %v", kind, o.Name, !want)
			}
		}
	}
}

func keysOf(m map[string]bool) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

func TestTableRefusesBadLines(t *testing.T) {
	const good = "message D NewOrderSingle client\nfield 11 ClOrdID Y * - id\n"
	if _, err := parseTable(good); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"nonsense 1":                             "is no kind of line",
		"message E":                              "want its type",
		"message E NewOrderList desk":            "client, gateway or both",
		"message D Again client":                 "stands twice",
		"field eleven ClOrdID Y * - x":           "is no tag",
		"field 12 Name Q * - x":                  "is not Y, C or N",
		"field 12 Name Y 43 - x":                 "is no version",
		"field 12 Name":                          "want tag, name",
		"field 11 ClOrdID Y * - x":               "stands twice",
		"own 22000 Dialect STRING somewhere A x": "both or VAMM1",
		"own 4999 Dialect STRING both A x":       "5000 or above",
		"own 22000 Dialect":                      "want tag",
		"value 22001 1 ONE":                      "no tag of our own",
		"value 22001 1":                          "want tag, value and name",
		"later x 1 ONE":                          "is no tag",
		"reason X":                               "want its token",
		"reason X A-1\nreason X B":               "stands twice",
		"instead 43 103 99 0":                    "want version",
		"instead 42 x 99 0":                      "want version",
		"instead 42 103 99":                      "want version",
		"instead 42 1 a b\ninstead 42 1 a c":     "stands twice",
		"only 43 8 20 ExecTransType Y - x":       "want version",
		"only 42 8 20 ExecTransType":             "want version",
		"only 42 8 x ExecTransType Y - x":        "is no tag",
	} {
		if _, err := parseTable(good + line + "\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
	for _, text := range []string{"field 11 ClOrdID Y * - x\n", "says x\n", "message D NewOrderSingle client\nmember 11 ClOrdID Y * -\n"} {
		if _, err := parseTable(text); err == nil || !strings.Contains(err.Error(), "before") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
