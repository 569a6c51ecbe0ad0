package spec

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// Ids of the blocks that every message begins and ends with, as the FIX
// repository numbers them; groups of ours are numbered from groupIDs on.
const (
	headerID  = 1024
	trailerID = 1025
	groupIDs  = 5000
)

type orcDoc struct {
	Text string `xml:",chardata"`
}

type orcNote struct {
	Docs []orcDoc `xml:"fixr:documentation"`
}

func note(text string) *orcNote {
	if text == "" {
		return nil
	}
	return &orcNote{[]orcDoc{{text}}}
}

type orcCode struct {
	Name  string `xml:"name,attr"`
	ID    int    `xml:"id,attr"`
	Value string `xml:"value,attr"`
}

type orcCodeSet struct {
	Name  string    `xml:"name,attr"`
	ID    int       `xml:"id,attr"`
	Type  string    `xml:"type,attr"`
	Codes []orcCode `xml:"fixr:code"`
}

type orcField struct {
	ID   int      `xml:"id,attr"`
	Name string   `xml:"name,attr"`
	Type string   `xml:"type,attr"`
	Note *orcNote `xml:"fixr:annotation,omitempty"`
}

// orcRef is a fieldRef, groupRef or componentRef.
type orcRef struct {
	XMLName  xml.Name
	ID       int      `xml:"id,attr"`
	Presence string   `xml:"presence,attr,omitempty"`
	Note     *orcNote `xml:"fixr:annotation,omitempty"`
}

type orcCount struct {
	ID int `xml:"id,attr"`
}

type orcBlock struct {
	ID    int       `xml:"id,attr"`
	Name  string    `xml:"name,attr"`
	Count *orcCount `xml:"fixr:numInGroup,omitempty"`
	Refs  []orcRef
}

type orcMessage struct {
	ID       int      `xml:"id,attr"`
	Name     string   `xml:"name,attr"`
	MsgType  string   `xml:"msgType,attr"`
	Category string   `xml:"category,attr"`
	Flow     string   `xml:"flow,attr,omitempty"`
	Refs     []orcRef `xml:"fixr:structure>ref"`
	Note     *orcNote `xml:"fixr:annotation,omitempty"`
}

type orcName struct {
	Name string `xml:"name,attr"`
}

type orcFlow struct {
	Name        string `xml:"name,attr"`
	Source      string `xml:"source,attr"`
	Destination string `xml:"destination,attr"`
}

type orcRepository struct {
	XMLName    xml.Name     `xml:"fixr:repository"`
	NS         string       `xml:"xmlns:fixr,attr"`
	DC         string       `xml:"xmlns:dcterms,attr"`
	Name       string       `xml:"name,attr"`
	Version    string       `xml:"version,attr"`
	Title      string       `xml:"fixr:metadata>dcterms:title"`
	Categories []orcName    `xml:"fixr:categories>fixr:category"`
	Datatypes  []orcName    `xml:"fixr:datatypes>fixr:datatype"`
	CodeSets   []orcCodeSet `xml:"fixr:codeSets>fixr:codeSet"`
	Fields     []orcField   `xml:"fixr:fields>fixr:field"`
	Actors     []orcName    `xml:"fixr:actors>fixr:actor"`
	Flows      []orcFlow    `xml:"fixr:actors>fixr:flow"`
	Components []orcBlock   `xml:"fixr:components>fixr:component"`
	Groups     []orcBlock   `xml:"fixr:groups>fixr:group"`
	Messages   []orcMessage `xml:"fixr:messages>fixr:message"`
}

// orchestra gathers a repository: what the table promises, in the order and with
// the groups of a dictionary.
type orchestra struct {
	doc   orcRepository
	parts map[string][]xmlMember
	known map[string]xmlField
	used  map[int]map[string]bool // values by tag; an empty set: any
	own   map[int]OwnField
	vamm1 bool
}

// Orchestra is the FIX Orchestra 1.0 repository of a dialect: the messages,
// fields and values that are built, and nothing else.
func Orchestra(vamm1 bool) ([]byte, error) {
	src, dialect := dictionary, "STRICT44"
	if vamm1 {
		src, dialect = dictionaryVAMM1, "VAMM1"
	}
	var dict xmlDictionary
	if err := xml.Unmarshal(src, &dict); err != nil {
		return nil, fmt.Errorf("embedded FIX dictionary: %w", err)
	}
	o := &orchestra{parts: partsOf(dict), known: map[string]xmlField{}, used: map[int]map[string]bool{}, own: map[int]OwnField{}, vamm1: vamm1}
	o.doc = orcRepository{
		NS: "http://fixprotocol.io/2020/orchestra/repository", DC: "http://purl.org/dc/terms/",
		Name: "Backstop." + dialect, Version: "FIX.4.4", Title: "Backstop, FIX 4.4, dialect " + dialect,
		Categories: []orcName{{"Session"}, {"Application"}},
		Actors:     []orcName{{"Client"}, {"Gateway"}},
		Flows:      []orcFlow{{"Requests", "Client", "Gateway"}, {"Answers", "Gateway", "Client"}},
	}
	for _, f := range dict.Fields {
		o.known[f.Name] = f
	}
	for _, f := range Promised().Own {
		o.own[f.Tag] = f
	}
	o.blocks(dict)
	for i, c := range Promised().Messages {
		j := slices.IndexFunc(dict.Messages, func(m xmlMessage) bool { return m.Type == c.Type })
		if j < 0 {
			return nil, fmt.Errorf("message %s is not in the dictionary", c.Type)
		}
		o.message(i, c, dict.Messages[j])
	}
	o.fields(dict)
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", " ")
	if err := enc.Encode(o.doc); err != nil {
		return nil, fmt.Errorf("writing the Orchestra file: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// blocks are header and trailer; groups of theirs are not used here.
func (o *orchestra) blocks(dict xmlDictionary) {
	for _, b := range []struct {
		id      int
		name    string
		members []xmlMember
	}{{headerID, "StandardHeader", dict.Header.Members}, {trailerID, "StandardTrailer", dict.Trailer.Members}} {
		block := orcBlock{ID: b.id, Name: b.name}
		for _, m := range b.members {
			if m.XMLName.Local == "field" {
				var values []string
				if m.Name == "MsgType" {
					for _, c := range Promised().Messages {
						values = append(values, c.Type)
					}
				}
				block.Refs = append(block.Refs, o.fieldRef(o.known[m.Name].Number, m.Required, "", values))
			}
		}
		o.doc.Components = append(o.doc.Components, block)
	}
}

// fieldRef refers to a field, which is used from now on with these values.
func (o *orchestra) fieldRef(tag int, need, says string, values []string) orcRef {
	all, seen := o.used[tag]
	switch {
	case values == nil:
		o.used[tag] = map[string]bool{}
	case !seen:
		o.used[tag] = map[string]bool{}
		for _, v := range values {
			o.used[tag][v] = true
		}
	case len(all) > 0:
		for _, v := range values {
			all[v] = true
		}
	}
	presence := "optional"
	if need == "Y" {
		presence = "required"
	}
	if need == "C" {
		says = strings.TrimSpace("required under a condition: " + says)
	}
	return orcRef{XMLName: xml.Name{Local: "fixr:fieldRef"}, ID: tag, Presence: presence, Note: note(says)}
}

func (o *orchestra) message(i int, c Chapter, m xmlMessage) {
	flow := map[string]string{"client": "Requests", "gateway": "Answers"}[c.From]
	category := "Application"
	if m.Cat == "admin" {
		category = "Session"
	}
	msg := orcMessage{ID: i + 1, Name: c.Name, MsgType: c.Type, Category: category, Flow: flow, Note: note(strings.Join(c.Says, " "))}
	block := func(id int) orcRef {
		return orcRef{XMLName: xml.Name{Local: "fixr:componentRef"}, ID: id, Presence: "required"}
	}
	msg.Refs = append(append([]orcRef{block(headerID)}, o.refs(c, m.Members)...), block(trailerID))
	o.doc.Messages = append(o.doc.Messages, msg)
}

// refs are what the table has of the members of a message, in the dictionary's
// order.
func (o *orchestra) refs(c Chapter, members []xmlMember) (all []orcRef) {
	for _, m := range members {
		tag := o.known[m.Name].Number
		switch m.XMLName.Local {
		case "component":
			all = append(all, o.refs(c, o.parts[m.Name])...)
		case "group":
			if r, ok := c.row(tag, 0); ok {
				all = append(all, o.group(c, r, m))
			}
		default:
			if r, ok := c.row(tag, 0); ok {
				all = append(all, o.fieldRef(tag, r.Need, r.Says, r.Values))
			} else if f, ours := o.own[tag]; ours && slices.Contains(f.In, c.Type) {
				all = append(all, o.fieldRef(tag, "N", f.Says, nil))
			}
		}
	}
	return all
}

// row finds a row of a message, or a member of one of its groups.
func (c Chapter) row(tag, group int) (Row, bool) {
	for _, r := range c.Rows {
		if r.Tag == tag && r.Group == group {
			return r, true
		}
	}
	return Row{}, false
}

// group is a repeating group of one message, with the members that the table
// names, or that stand as rows of their own because the message has them nowhere
// else.
func (o *orchestra) group(c Chapter, count Row, m xmlMember) orcRef {
	o.fieldRef(count.Tag, "N", "", count.Values)
	g := orcBlock{ID: groupIDs + len(o.doc.Groups), Name: c.Name + count.Name, Count: &orcCount{count.Tag}}
	for _, f := range unfolded(m.Members, o.parts) {
		tag := o.known[f.Name].Number
		r, ok := c.row(tag, count.Tag)
		if !ok && !c.hasMembers(count.Tag) {
			r, ok = c.row(tag, 0)
		}
		if f := o.own[tag]; !ok && f.Within[c.Type] == count.Tag {
			r, ok = Row{Need: "N", Says: f.Says}, true
		}
		if ok {
			g.Refs = append(g.Refs, o.fieldRef(tag, r.Need, r.Says, r.Values))
		}
	}
	o.doc.Groups = append(o.doc.Groups, g)
	presence := "optional"
	if count.Need == "Y" {
		presence = "required"
	}
	return orcRef{XMLName: xml.Name{Local: "fixr:groupRef"}, ID: g.ID, Presence: presence, Note: note(count.Says)}
}

func (c Chapter) hasMembers(count int) bool {
	return slices.ContainsFunc(c.Rows, func(r Row) bool { return r.Group == count })
}

// unfolded lists the fields of members and of the components and groups in them.
func unfolded(members []xmlMember, parts map[string][]xmlMember) (all []xmlMember) {
	for _, m := range members {
		switch m.XMLName.Local {
		case "component":
			all = append(all, unfolded(parts[m.Name], parts)...)
		default:
			all = append(append(all, m), unfolded(m.Members, parts)...)
		}
	}
	return all
}

// fields are those that some message uses, with their datatypes and code sets.
func (o *orchestra) fields(dict xmlDictionary) {
	var types []string
	for _, f := range dict.Fields {
		values, used := o.used[f.Number]
		if !used {
			continue
		}
		kind := datatype(f.Type)
		if !slices.Contains(types, kind) {
			types = append(types, kind)
		}
		if set := o.codes(f, kind, values); len(set.Codes) > 0 {
			o.doc.CodeSets = append(o.doc.CodeSets, set)
			kind = set.Name
		}
		o.doc.Fields = append(o.doc.Fields, orcField{ID: f.Number, Name: f.Name, Type: kind, Note: note(o.own[f.Number].Says)})
	}
	slices.Sort(types)
	for _, t := range types {
		o.doc.Datatypes = append(o.doc.Datatypes, orcName{t})
	}
}

// codes are the values of a field that are used; what VAMM1 has more, too.
func (o *orchestra) codes(f xmlField, kind string, values map[string]bool) orcCodeSet {
	set := orcCodeSet{Name: f.Name + "CodeSet", ID: f.Number, Type: kind}
	for i, v := range f.Values {
		later := o.vamm1 && slices.ContainsFunc(Promised().Later, func(l Value) bool { return l.Tag == f.Number && l.Enum == v.Enum })
		if len(values) == 0 || values[v.Enum] || later {
			set.Codes = append(set.Codes, orcCode{v.Description, f.Number*1000 + i + 1, v.Enum})
		}
	}
	return set
}

// datatypes are the names that differ from those of the QuickFIX format in more
// than the case of their first letter.
var datatypes = map[string]string{
	"INT": "int", "FLOAT": "float", "CHAR": "char", "DATA": "data", "PRICEOFFSET": "PriceOffset", "SEQNUM": "SeqNum",
	"NUMINGROUP": "NumInGroup", "UTCTIMESTAMP": "UTCTimestamp", "UTCTIMEONLY": "UTCTimeOnly", "UTCDATEONLY": "UTCDateOnly",
	"LOCALMKTDATE": "LocalMktDate", "MONTHYEAR": "MonthYear", "MULTIPLEVALUESTRING": "MultipleStringValue",
}

func datatype(quickfix string) string {
	if name, ok := datatypes[quickfix]; ok {
		return name
	}
	return quickfix[:1] + strings.ToLower(quickfix[1:])
}
