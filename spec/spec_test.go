package spec

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
)

var built = []string{"x", "e", "V", "R", "D", "F", "G", "H", "AN", "BB", "AD", "y", "f", "W", "X", "Y", "S", "AG", "8", "9", "AO", "AP", "AM", "AX", "BG", "BA", "AQ", "AE", "B", "j"}

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
// members; so no built message has one.
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
		if strings.Contains(" "+wanted+" ", " "+m.Type+" ") && nested(m.Members, parts, 0) {
			t.Errorf("%s has a group inside a group", m.Name)
		}
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
