package spec

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed FIX42.xml
var dictionary42 []byte

//go:embed FIX50SP2.xml
var dictionary50 []byte

//go:embed FIXT11.xml
var dictionaryT11 []byte

// Version is one FIX version that a session may speak.
type Version struct {
	Key         string // as the rows of the table name it
	Name        string // FIX 4.2
	BeginString string // BeginString(8)
	ApplVerID   string // DefaultApplVerID(1137); empty where a Logon has none
	App         []byte // data dictionary of its messages; the caller must not change it
	Transport   []byte // of its session messages; nil: App has them
	AppFile     string // what a client finds them under
	TransFile   string
}

// Spoken are the versions, FIX 4.4 first: what is promised is said in it, and the
// others say it as far as they can.
func Spoken() []Version {
	return []Version{
		{Key: "44", Name: "FIX 4.4", BeginString: "FIX.4.4", App: dictionary, AppFile: "FIX44.xml"},
		{Key: "42", Name: "FIX 4.2", BeginString: "FIX.4.2", App: dictionary42, AppFile: "FIX42.xml"},
		{
			Key: "50", Name: "FIX 5.0 SP2", BeginString: "FIXT.1.1", ApplVerID: "9", App: dictionary50, Transport: dictionaryT11,
			AppFile: "FIX50SP2.xml", TransFile: "FIXT11.xml",
		},
	}
}

// VersionOf finds the version with a BeginString.
func VersionOf(beginString string) (Version, bool) {
	all := Spoken()
	i := slices.IndexFunc(all, func(v Version) bool { return v.BeginString == beginString })
	if i < 0 {
		return Version{}, false
	}
	return all[i], true
}

// dictionaries are those that the version is read with.
func (v Version) dictionaries() [][]byte {
	if v.Transport == nil {
		return [][]byte{v.App}
	}
	return [][]byte{v.App, v.Transport}
}

// Instead is what a version says in the place of a value that it has not.
type Instead struct {
	Version string
	Tag     int
	Value   string
	Said    string
}

// Only is a field that a version has and FIX 4.4 has not, or does not use.
type Only struct {
	Version, Type string
	Tag           int
	Name, Need    string
	Values        []string
	Says          string
}

// readInstead and readOnly read the differences of a version.
func (t *Table) readInstead(rest string) error {
	var v Instead
	if n, err := fmt.Sscan(rest, &v.Version, &v.Tag, &v.Value, &v.Said); n != 4 || err != nil || !slices.Contains(Versions, v.Version) {
		return fmt.Errorf("instead %q: want version, tag, value and what is said", rest)
	}
	if slices.ContainsFunc(t.Instead, func(o Instead) bool { return o.Version == v.Version && o.Tag == v.Tag && o.Value == v.Value }) {
		return fmt.Errorf("instead %q stands twice", rest)
	}
	t.Instead = append(t.Instead, v)
	return nil
}

func (t *Table) readOnly(rest string) error {
	f := strings.SplitN(rest, " ", 7)
	if len(f) != 7 || !slices.Contains(Versions, f[0]) || !slices.Contains([]string{"Y", "C", "N"}, f[4]) {
		return fmt.Errorf("only %q: want version, message, tag, name, need, values and what it says", rest)
	}
	o := Only{Version: f[0], Type: f[1], Name: f[3], Need: f[4], Says: f[6]}
	if _, err := fmt.Sscan(f[2], &o.Tag); err != nil || o.Tag < 1 {
		return fmt.Errorf("only %q: %q is no tag", rest, f[2])
	}
	if f[5] != "-" {
		o.Values = strings.Split(f[5], ",")
	}
	t.Only = append(t.Only, o)
	return nil
}

// Unsaid stands for a value that a version has nothing for: another message, or none,
// says it.
const Unsaid = "-"

// unspoken are messages of a version that are not said in it: a request whose answer
// it lacks, and ladders, whose groups stand in each other, where the gateway's
// dictionaries have groups of one level. So providers speak FIX 4.4.
var unspoken = map[string][]string{"42": {"a", "b", "i"}, "50": {"b", "i"}}

// In is the table as a version has it: its messages, its fields, and the values
// that it says.
func (t Table) In(version string) Table {
	out := t
	out.Messages = nil
	if version != "44" {
		out.Later = nil
	}
	for _, c := range t.Messages {
		in := c
		in.Rows = nil
		for _, r := range c.Rows {
			if slices.Contains(r.Versions, version) {
				r.Values = t.said(version, r)
				in.Rows = append(in.Rows, r)
			}
		}
		standard := slices.ContainsFunc(in.Rows, func(r Row) bool { return r.Tag < ownMin })
		if len(c.Rows) > 0 && !standard || slices.Contains(unspoken[version], c.Type) {
			continue
		}
		for _, o := range t.Only {
			if o.Version == version && o.Type == c.Type {
				in.Rows = append(in.Rows, Row{Tag: o.Tag, Name: o.Name, Need: o.Need, Versions: []string{version}, Values: o.Values, Says: o.Says})
			}
		}
		out.Messages = append(out.Messages, in)
	}
	return out
}

func (t Table) said(version string, r Row) (values []string) {
	for _, v := range r.Values {
		i := slices.IndexFunc(t.Instead, func(o Instead) bool { return o.Version == version && o.Tag == r.Tag && o.Value == v })
		said := []string{v}
		switch {
		case i >= 0 && t.Instead[i].Said == Unsaid:
			continue
		case i >= 0:
			said = strings.Split(t.Instead[i].Said, ",")
		}
		for _, s := range said {
			if !slices.Contains(values, s) {
				values = append(values, s)
			}
		}
	}
	return values
}

// Place is a field of a message in the order of a dictionary; In is the tag that
// counts the group it is a member of, zero outside of groups.
type Place struct{ Tag, In int }

// Layout is the order of the fields of a message in a version; nil if the version
// has no such message.
func Layout(version, msgType string) []Place { return layouts()[version][msgType] }

var layouts = sync.OnceValue(func() map[string]map[string][]Place {
	all := map[string]map[string][]Place{}
	for _, v := range Spoken() {
		all[v.Key] = map[string][]Place{}
		for _, src := range v.dictionaries() {
			doc, tags := readDictionary(src)
			parts := partsOf(doc)
			for _, m := range doc.Messages {
				all[v.Key][m.Type] = places(nil, m.Members, 0, parts, tags)
			}
		}
	}
	return all
})

func places(to []Place, members []xmlMember, in int, parts map[string][]xmlMember, tags map[string]int) []Place {
	for _, m := range members {
		if m.XMLName.Local == "component" {
			to = places(to, parts[m.Name], in, parts, tags)
			continue
		}
		to = append(to, Place{tags[m.Name], in})
		if m.XMLName.Local == "group" {
			to = places(to, m.Members, tags[m.Name], parts, tags)
		}
	}
	return to
}

// readDictionary reads an embedded dictionary: a fault in it is a bug.
func readDictionary(src []byte) (doc xmlDictionary, tags map[string]int) {
	if err := xml.NewDecoder(bytes.NewReader(src)).Decode(&doc); err != nil {
		panic(fmt.Sprintf("embedded FIX dictionary: %v", err))
	}
	tags = map[string]int{}
	for _, f := range doc.Fields {
		tags[f.Name] = f.Number
	}
	return doc, tags
}

// partsOf are the components of a dictionary, by name.
func partsOf(doc xmlDictionary) map[string][]xmlMember {
	parts := map[string][]xmlMember{}
	for _, c := range doc.Components {
		parts[c.Name] = c.Members
	}
	return parts
}

// others are names of fields and values that FIX 4.4 does not have.
var others = sync.OnceValue(func() names {
	n := names{fields: map[int]string{}, values: map[int]map[string]string{}}
	for _, v := range Spoken()[1:] {
		for _, src := range v.dictionaries() {
			doc, _ := readDictionary(src)
			for _, f := range doc.Fields {
				if n.fields[f.Number] == "" {
					n.fields[f.Number], n.values[f.Number] = f.Name, map[string]string{}
				}
				for _, value := range f.Values {
					if n.values[f.Number][value.Enum] == "" {
						n.values[f.Number][value.Enum] = value.Description
					}
				}
			}
		}
	}
	return n
})

// VersionMarkdown is the table of what the other versions say otherwise.
func (t Table) VersionMarkdown() string {
	var b strings.Builder
	b.WriteString("| Version | Message | Where it differs from FIX 4.4 |\n|---|---|---|\n")
	for _, v := range Spoken()[1:] {
		spoken := t.In(v.Key)
		var absent []string
		var lacking []string
		for _, c := range t.Messages {
			var rows []string
			for _, r := range c.Rows {
				if slices.Contains(r.Versions, v.Key) {
					continue
				}
				if r.Group == 0 && !slices.ContainsFunc(t.Only, func(o Only) bool { return o.Version == v.Key && o.Type == c.Type && o.Tag == r.Tag }) {
					rows = append(rows, fmt.Sprint(r.Tag))
				}
			}
			_, has := spoken.Chapter(c.Type)
			switch {
			case !has:
				absent = append(absent, c.Type)
			case len(rows) > 0:
				lacking = append(lacking, fmt.Sprintf("| %s | %s | without %s |\n", v.Name, c.Type, strings.Join(rows, ", ")))
			}
		}
		if len(absent) > 0 {
			fmt.Fprintf(&b, "| %s | %s | not in this version |\n", v.Name, strings.Join(absent, " "))
		}
		b.WriteString(strings.Join(lacking, ""))
		for _, o := range t.Only {
			if o.Version == v.Key {
				fmt.Fprintf(&b, "| %s | %s | %d %s: %s |\n", v.Name, o.Type, o.Tag, o.Name, o.Says)
			}
		}
		b.WriteString(t.insteadMarkdown(v))
	}
	return b.String()
}

// insteadMarkdown has one row for each tag whose values differ.
func (t Table) insteadMarkdown(v Version) string {
	var b strings.Builder
	var done []int
	for _, first := range t.Instead {
		if first.Version != v.Key || slices.Contains(done, first.Tag) {
			continue
		}
		done = append(done, first.Tag)
		var said []string
		for _, o := range t.Instead {
			if o.Version == v.Key && o.Tag == first.Tag {
				words := strings.ReplaceAll(o.Said, ",", " or ")
				if o.Said == Unsaid {
					words = "not said"
				}
				said = append(said, o.Value+" → "+words)
			}
		}
		name, _ := FieldName(first.Tag)
		fmt.Fprintf(&b, "| %s | all | %d %s: %s |\n", v.Name, first.Tag, name, strings.Join(said, ", "))
	}
	return b.String()
}
