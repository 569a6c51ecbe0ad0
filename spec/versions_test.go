package spec

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// generated are the dictionaries of the versions beside FIX 4.4, and from which of
// those that come with the FIX library each is made.
var generated = []struct {
	file, says string
	embedded   *[]byte
}{
	{"FIX42.xml", "FIX 4.2 as the gateway speaks it", &dictionary42},
	{"FIX50SP2.xml", "FIX 5.0 SP2 as the gateway speaks it over FIXT.1.1", &dictionary50},
	{"FIXT11.xml", "FIXT.1.1 as the gateway speaks it", &dictionaryT11},
}

// TestVersionsAreTheStandard: the dictionary of a version is the standard one with
// groups of one level, with the tags of our own that clients send, and without
// required fields in what clients ask for: the gateway names what is missing, in
// its own order. Byte for byte.
func TestVersionsAreTheStandard(t *testing.T) {
	for _, g := range generated {
		want := generateDictionary(g.file, g.says)
		if *update {
			writeFile(t, g.file, want)
			*g.embedded = want
		}
		if !bytes.Equal(*g.embedded, want) {
			t.Errorf("%s is not what -update writes:\n%s", g.file, differing(string(*g.embedded), string(want)))
		}
	}
}

// flattener writes a dictionary with groups of one level.
type flattener struct {
	parts map[string][]xmlMember
	used  map[string]bool // fields
	out   strings.Builder
}

func generateDictionary(file, says string) []byte {
	doc := stockDictionary(file)
	f := &flattener{parts: partsOf(doc), used: map[string]bool{}}
	var kind struct {
		Type  string `xml:"type,attr"`
		Major string `xml:"major,attr"`
		Minor string `xml:"minor,attr"`
		Pack  string `xml:"servicepack,attr"`
	}
	if err := xml.Unmarshal(stockSource(file), &kind); err != nil {
		panic(err)
	}
	fmt.Fprintf(&f.out, "<!-- %s, in QuickFIX format: the standard with repeating groups of one level (members of a nested\n"+
		"     group stand in the outer one). What requests need is not marked as required: the gateway checks it itself. -->\n", says)
	fmt.Fprintf(&f.out, "<fix type='%s' major='%s' minor='%s' servicepack='%s'>\n", kind.Type, kind.Major, kind.Minor, kind.Pack)
	f.block("header", doc.Header.Members)
	f.block("trailer", doc.Trailer.Members)
	f.out.WriteString("<messages>\n")
	for _, m := range doc.Messages {
		f.message(file, m)
	}
	f.out.WriteString("</messages>\n<components/>\n<fields>\n")
	f.fields(doc)
	f.out.WriteString("</fields>\n</fix>\n")
	return []byte(f.out.String())
}

func (f *flattener) block(name string, members []xmlMember) {
	fmt.Fprintf(&f.out, "<%s>\n", name)
	f.members(members, " ", false, false, map[string]bool{})
	fmt.Fprintf(&f.out, "</%s>\n", name)
}

func (f *flattener) message(file string, m xmlMessage) {
	fmt.Fprintf(&f.out, " <message name='%s' msgcat='%s' msgtype='%s'>\n", m.Name, m.Cat, m.Type)
	chapter, built := Promised().Chapter(m.Type)
	lenient := built && chapter.From == "client"
	seen := map[string]bool{}
	if !built && m.Type != "d" { // It is refused by its type; groups would be most of the file. The definitions have d.
		f.members(f.withoutGroups(m.Members), "  ", false, false, seen)
	} else {
		f.members(m.Members, "  ", false, lenient, seen)
	}
	more := func(name string) {
		if !seen[name] {
			f.used[name] = true
			fmt.Fprintf(&f.out, "  <field name='%s' required='N'/>\n", name)
		}
	}
	for _, o := range Promised().Own {
		if o.Both && slices.Contains(o.In, m.Type) && chapter.From != "gateway" {
			more(o.Name)
		}
	}
	if m.Type == "A" && file == "FIX42.xml" { // It has no field of its own for a password.
		more("Username")
		more("Password")
	}
	f.out.WriteString(" </message>\n")
}

// withoutGroups are the members of a message but its groups.
func (f *flattener) withoutGroups(members []xmlMember) (kept []xmlMember) {
	for _, m := range members {
		switch m.XMLName.Local {
		case "component":
			kept = append(kept, f.withoutGroups(f.parts[m.Name])...)
		case "field":
			kept = append(kept, m)
		}
	}
	return kept
}

// members writes what a message or a group has. Components are unfolded; a group
// inside a group gives its members to the outer one, and those that no message of
// ours needs are left out.
func (f *flattener) members(members []xmlMember, indent string, inner, lenient bool, seen map[string]bool) {
	for _, m := range members {
		if slices.Contains(leftOut, m.Name) || seen[m.Name] && m.XMLName.Local != "component" {
			continue
		}
		need := m.Required
		if lenient || inner && m.XMLName.Local == "group" {
			need = "N"
		}
		switch m.XMLName.Local {
		case "component":
			f.members(f.parts[m.Name], indent, inner, lenient, seen)
			continue
		case "field":
			fmt.Fprintf(&f.out, "%s<field name='%s' required='%s'/>\n", indent, m.Name, need)
		case "group":
			if inner {
				fmt.Fprintf(&f.out, "%s<field name='%s' required='N'/>\n", indent, m.Name)
				f.members(m.Members, indent, true, true, seen)
			} else {
				fmt.Fprintf(&f.out, "%s<group name='%s' required='%s'>\n", indent, m.Name, need)
				f.members(m.Members, indent+" ", true, false, map[string]bool{})
				fmt.Fprintf(&f.out, "%s</group>\n", indent)
			}
		}
		seen[m.Name], f.used[m.Name] = true, true
	}
}

// fields are those that are used, and the tags of our own among them.
func (f *flattener) fields(doc xmlDictionary) {
	write := func(x xmlField) {
		fmt.Fprintf(&f.out, " <field number='%d' name='%s' type='%s'", x.Number, x.Name, x.Type)
		var values []Value
		for _, v := range x.Values {
			values = append(values, Value{x.Number, v.Enum, v.Description})
		}
		if len(values) == 0 {
			f.out.WriteString("/>\n")
			return
		}
		f.out.WriteString(">" + enums(values) + "</field>\n")
	}
	known := map[string]bool{}
	for _, x := range doc.Fields {
		if f.used[x.Name] {
			write(x)
		}
		known[x.Name] = true
	}
	strict := decoded(dictionary)
	var tags []int
	for tag := range strict {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	for _, tag := range tags {
		if x := strict[tag]; f.used[x.Name] && !known[x.Name] {
			write(x)
		}
	}
}

func writeFile(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestVersionsSayTheirOwnValues: what the table says in a version is known to the
// dictionary of that version as clients have it: the message, the tag in it, the value.
func TestVersionsSayTheirOwnValues(t *testing.T) {
	stock := map[string]map[int]xmlField{"44": {}, "42": {}, "50": {}}
	for v, files := range map[string][]string{"44": {"FIX44.xml"}, "42": {"FIX42.xml"}, "50": {"FIX50SP2.xml", "FIXT11.xml"}} {
		for _, file := range files {
			for _, f := range stockDictionary(file).Fields {
				if _, twice := stock[v][f.Number]; !twice {
					stock[v][f.Number] = f
				}
			}
		}
	}
	versions := stockVersions()
	for _, v := range Spoken() {
		in := Promised().In(v.Key)
		for _, c := range in.Messages {
			if Layout(v.Key, c.Type) == nil {
				t.Errorf("%s: no %s in its dictionary", v.Name, c.Type)
			}
			for _, r := range c.Rows {
				if r.Tag >= 5000 || v.Key == "42" && c.Type == "A" && (r.Tag == 553 || r.Tag == 554) {
					continue
				}
				f, known := stock[v.Key][r.Tag]
				if !known || !slices.Contains(versions(c.Type, r.Tag), v.Key) {
					t.Errorf("%s: %s has no %d", v.Name, c.Type, r.Tag)
				}
				for _, value := range r.Values {
					if len(f.Values) > 0 && !slices.ContainsFunc(f.Values, func(o struct {
						Enum        string `xml:"enum,attr"`
						Description string `xml:"description,attr"`
					}) bool {
						return o.Enum == value
					}) && r.Tag != 269 { // A client cannot ask for an entry that its version lacks.
						t.Errorf("%s: %s %d=%s is no value of it", v.Name, c.Type, r.Tag, value)
					}
				}
			}
		}
	}
	if n, all := len(Promised().In("42").Messages), len(Promised().Messages); n == all || n < 20 {
		t.Errorf("FIX 4.2 has %d of %d messages", n, all)
	}
	if got := len(Promised().In("50").Messages); got != len(Promised().Messages)-len(unspoken["50"]) {
		t.Errorf("FIX 5.0 SP2 has %d messages of %d", got, len(Promised().Messages))
	}
}

// TestLayoutIsThatOfTheStandard: fields stand in the order in which a client of the
// version has them, members within their group.
func TestLayoutIsThatOfTheStandard(t *testing.T) {
	for _, g := range generated {
		doc := stockDictionary(g.file)
		parts, version := partsOf(doc), "50"
		if g.file == "FIX42.xml" {
			version = "42"
		}
		numbers := map[string]int{}
		for _, f := range doc.Fields {
			numbers[f.Name] = f.Number
		}
		for _, m := range doc.Messages {
			if _, built := Promised().Chapter(m.Type); !built {
				continue
			}
			want, got := flat(m.Members, parts), Layout(version, m.Type)
			at := -1
			for _, p := range got {
				i := slices.IndexFunc(want[at+1:], func(name string) bool { return numbers[name] == p.Tag })
				if own := p.Tag >= 5000 || version == "42" && m.Type == "A" && (p.Tag == 553 || p.Tag == 554); own {
					continue
				}
				if i < 0 {
					t.Errorf("%s %s: %d stands elsewhere in the standard", g.file, m.Type, p.Tag)
					break
				}
				at += i + 1
			}
		}
	}
	if Layout("42", "AP") != nil || Layout("50", "ZZ") != nil || Layout("40", "D") != nil {
		t.Error("a layout of what is not there")
	}
}

func TestVersionsAreFound(t *testing.T) {
	for begin, want := range map[string]string{"FIX.4.2": "42", "FIX.4.4": "44", "FIXT.1.1": "50"} {
		if v, ok := VersionOf(begin); !ok || v.Key != want || !bytes.Contains(v.App, []byte("<messages>")) {
			t.Errorf("%s: %v %v", begin, v.Key, ok)
		}
	}
	for _, begin := range []string{"", "FIX.4.3", "FIX.5.0", "FIXT.1.2"} {
		if v, ok := VersionOf(begin); ok {
			t.Errorf("%q is %s", begin, v.Name)
		}
	}
	if name, ok := FieldName(20); name != "ExecTransType" || !ok {
		t.Errorf("20 is %q", name)
	}
	if name, ok := ValueName(150, "1"); name != "PARTIAL_FILL" || !ok {
		t.Errorf("150=1 is %q", name)
	}
	if name, ok := ValueName(55, "x"); ok {
		t.Errorf("55=x is %q", name)
	}
}
