package spec

import (
	"bytes"
	"encoding/xml"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var built = []string{"x", "c", "e", "g", "d", "h", "V", "R", "D", "F", "G", "q", "H", "AF", "AN", "BB", "AD", "y", "f", "W", "X", "Y", "S", "AG", "i", "b", "Z", "AJ", "a", "AI", "8", "9", "r", "AO", "AP", "AM", "AX", "BG", "BA", "AQ", "AE", "B", "j"}

func TestBuiltMessagesHaveChapters(t *testing.T) {
	for _, kind := range built {
		name, ok := MessageName(kind)
		if !ok {
			t.Errorf("%s is not in the dictionary", kind)
		}
		if !strings.Contains(ROE(), "### "+name+" ("+kind+")\n") {
			t.Errorf("%s (%s) has no chapter", name, kind)
		}
	}
}

// A parser that meets a group inside a group may take the fields after it for
// members; so no built message has one, except the entries of a MassQuote and of its
// answer, behind which there is nothing but tags of our own.
func TestGroupsHaveOneLevel(t *testing.T) {
	var doc xmlDictionary
	if err := xml.NewDecoder(bytes.NewReader(Dictionary())).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	parts := map[string][]xmlMember{}
	for _, c := range doc.Components {
		parts[c.Name] = c.Members
	}
	wanted := strings.Join(built, " ")
	for _, m := range doc.Messages {
		if m.Type != "i" && m.Type != "b" && strings.Contains(" "+wanted+" ", " "+m.Type+" ") && nested(m.Members, parts, 0) {
			t.Errorf("%s has a group inside a group", m.Name)
		}
	}
}

// A client may read STRICT44 with the dictionary of VAMM1: it adds fields of our
// own and values, and takes nothing away.
func TestVAMM1IsMoreThanSTRICT44(t *testing.T) {
	var strict, later xmlDictionary
	for into, src := range map[*xmlDictionary][]byte{&strict: Dictionary(), &later: DictionaryVAMM1()} {
		if err := xml.NewDecoder(bytes.NewReader(src)).Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	own := map[string]bool{}
	for i, f := range later.Fields {
		own[f.Name] = f.Number >= 22000
		if i < len(strict.Fields) {
			was := strict.Fields[i]
			if f.Number != was.Number || f.Name != was.Name || len(f.Values) < len(was.Values) {
				t.Errorf("%d %s is not %d %s, or has lost values", f.Number, f.Name, was.Number, was.Name)
			}
		} else if f.Number < 22000 || f.Number > 22099 {
			t.Errorf("%d %s is outside our range", f.Number, f.Name)
		}
	}
	var plain func(all []xmlMember) []xmlMember // groups too
	plain = func(all []xmlMember) []xmlMember {
		kept := slices.DeleteFunc(slices.Clone(all), func(f xmlMember) bool { return own[f.Name] })
		for i := range kept {
			kept[i].Members = plain(kept[i].Members)
		}
		return kept
	}
	for i, m := range later.Messages {
		if was := strict.Messages[i]; m.Type != was.Type || !reflect.DeepEqual(plain(m.Members), plain(was.Members)) {
			t.Errorf("%s is not %s with fields of our own", m.Name, was.Name)
		}
	}
	if len(later.Messages) != len(strict.Messages) || len(own) == 0 {
		t.Errorf("%d messages, not %d, %d own fields", len(later.Messages), len(strict.Messages), len(own))
	}
}

func nested(members []xmlMember, parts map[string][]xmlMember, depth int) bool {
	for _, m := range members {
		inner, d := m.Members, depth
		switch m.XMLName.Local {
		case "component":
			inner = parts[m.Name]
		case "group":
			d++
		}
		if d > 1 || nested(inner, parts, d) {
			return true
		}
	}
	return false
}

func TestFieldsOfOrdersAreKnown(t *testing.T) {
	d, ok := Message("D")
	if !ok {
		t.Fatal("no D")
	}
	for _, tag := range []int{11, 21, 38, 40, 44, 54, 55, 59, 60, 110, 117, 126, 167, 336, 386, 453, 454, 802} {
		name, known := FieldName(tag)
		if _, member := d.Required[name]; !known || !member {
			t.Errorf("%d %s is not a field of D", tag, name)
		}
	}
	if all := Types(); len(all) < 90 {
		t.Errorf("only %d message types", len(all))
	}
}

func TestNames(t *testing.T) {
	if name, ok := FieldName(55); name != "Symbol" || !ok {
		t.Errorf("55 is %q", name)
	}
	if tag, ok := Tag("OrdStatus"); tag != 39 || !ok {
		t.Errorf("OrdStatus is %d", tag)
	}
	if v, ok := ValueName(54, "1"); v != "BUY" || !ok {
		t.Errorf("54=1 is %q", v)
	}
	for _, unknown := range []int{0, -1, 99999} {
		if name, ok := FieldName(unknown); ok {
			t.Errorf("%d is %q", unknown, name)
		}
	}
}
