package spec

import (
	"encoding/xml"
	"sync"
)

// Definition is what the dictionary says of one message.
type Definition struct {
	Type     string
	Name     string
	Admin    bool
	Required map[string]bool // names of the fields at the top level: is it required?
}

// names is the dictionary in the form in which people ask.
type names struct {
	messages map[string]Definition
	tags     map[string]int
	fields   map[int]string
	values   map[int]map[string]string
}

type xmlMember struct {
	XMLName  xml.Name
	Name     string      `xml:"name,attr"`
	Required string      `xml:"required,attr"`
	Members  []xmlMember `xml:",any"`
}

type xmlMessage struct {
	Name    string      `xml:"name,attr"`
	Type    string      `xml:"msgtype,attr"`
	Cat     string      `xml:"msgcat,attr"`
	Members []xmlMember `xml:",any"`
}

type xmlComponent struct {
	Name    string      `xml:"name,attr"`
	Members []xmlMember `xml:",any"`
}

type xmlField struct {
	Number int    `xml:"number,attr"`
	Type   string `xml:"type,attr"`
	Name   string `xml:"name,attr"`
	Values []struct {
		Enum        string `xml:"enum,attr"`
		Description string `xml:"description,attr"`
	} `xml:"value"`
}

type xmlDictionary struct {
	Header struct {
		Members []xmlMember `xml:",any"`
	} `xml:"header"`
	Trailer struct {
		Members []xmlMember `xml:",any"`
	} `xml:"trailer"`
	Messages   []xmlMessage   `xml:"messages>message"`
	Components []xmlComponent `xml:"components>component"`
	Fields     []xmlField     `xml:"fields>field"`
}

// load reads the embedded dictionary once, the one of VAMM1, which knows all that
// the other does. It is part of the binary, so that a fault in it is a bug, not
// an input.
var load = sync.OnceValue(func() names {
	doc, _ := readDictionary(dictionaryVAMM1)
	n := names{map[string]Definition{}, map[string]int{}, map[int]string{}, map[int]map[string]string{}}
	for _, f := range doc.Fields {
		n.tags[f.Name], n.fields[f.Number] = f.Number, f.Name
		values := map[string]string{}
		for _, v := range f.Values {
			values[v.Enum] = v.Description
		}
		n.values[f.Number] = values
	}
	parts := partsOf(doc)
	for _, m := range doc.Messages {
		d := Definition{Type: m.Type, Name: m.Name, Admin: m.Cat == "admin", Required: map[string]bool{}}
		addMembers(d.Required, m.Members, parts, true)
		n.messages[m.Type] = d
	}
	return n
})

// addMembers lists the members of a message and of its components and groups;
// members of a group are not required of the message.
func addMembers(into map[string]bool, members []xmlMember, parts map[string][]xmlMember, top bool) {
	for _, m := range members {
		if m.XMLName.Local == "component" {
			addMembers(into, parts[m.Name], parts, false)
			continue
		}
		into[m.Name] = into[m.Name] || top && m.Required == "Y"
		addMembers(into, m.Members, parts, false)
	}
}

// Message returns the definition of a message type.
func Message(msgType string) (Definition, bool) { d, ok := load().messages[msgType]; return d, ok }

// MessageName returns the name of a message type.
func MessageName(msgType string) (string, bool) { d, ok := Message(msgType); return d.Name, ok }

// FieldName returns the name of a tag: that of FIX 4.4, or of another version if
// FIX 4.4 has no such tag.
func FieldName(tag int) (string, bool) {
	name, ok := load().fields[tag]
	if !ok {
		name, ok = others().fields[tag]
	}
	return name, ok
}

// Tag returns the tag of a field name.
func Tag(name string) (int, bool) { tag, ok := load().tags[name]; return tag, ok }

// ValueName returns what a value of an enumerated field means.
func ValueName(tag int, value string) (string, bool) {
	s, ok := load().values[tag][value]
	if !ok && (len(load().values[tag]) > 0 || load().fields[tag] == "") { // Else it is no enumerated field.
		s, ok = others().values[tag][value]
	}
	return s, ok
}

// Types returns every message type of the dictionary.
func Types() []string {
	var all []string
	for t := range load().messages {
		all = append(all, t)
	}
	return all
}
