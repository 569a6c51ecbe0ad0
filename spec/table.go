package spec

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed messages.txt
var tableText string

// Versions are the FIX versions that a row of the table may name: FIX 4.2, 4.4 and
// 5.0 SP2 (see Spoken).
var Versions = []string{"42", "44", "50"}

// Table is what we have promised of messages, fields, values and reasons. The
// rules of engagement, the dictionary of VAMM1 and the Orchestra file come from
// it, so that none can say something else.
type Table struct {
	Messages []Chapter
	Own      []OwnField
	Later    []Value           // values of standard fields that VAMM1 has and FIX 4.4 has not
	Category map[string]string // of a reason, by its token
	Reasons  []string          // the tokens, in order
	Instead  []Instead         // values that a version says otherwise
	Only     []Only            // fields that only that version has
}

// Chapter is one message.
type Chapter struct {
	Type, Name string
	From       string   // "client", "gateway" or "both"
	Says       []string // the sentence, in lines as they are printed
	Rows       []Row
}

// Row is one field of a message; a row with Group is a member of the group that
// this tag counts.
type Row struct {
	Tag      int
	Name     string
	Need     string   // Y, C or N
	Versions []string // in which the message has the field
	Values   []string // that are sent or taken; nil: any that the type allows
	Says     string
	Group    int
}

// OwnField is a tag that FIX does not have.
type OwnField struct {
	Tag        int
	Name, Type string
	Both       bool           // clients send it in both dialects; else it is of VAMM1 alone
	In         []string       // message types
	Within     map[string]int // by message type: the count of the group that it is a member of
	Says       string
	Values     []Value
}

// Value is one value of an enumerated field.
type Value struct {
	Tag        int
	Enum, Name string
}

// Promised returns the table; the caller must not change it.
func Promised() Table { return loadTable() }

// Chapter returns what the table says of a message type.
func (t Table) Chapter(msgType string) (Chapter, bool) {
	for _, c := range t.Messages {
		if c.Type == msgType {
			return c, true
		}
	}
	return Chapter{}, false
}

var loadTable = sync.OnceValue(func() Table {
	t, err := parseTable(tableText)
	if err != nil {
		panic(fmt.Sprintf("embedded messages.txt: %v", err))
	}
	return t
})

// parseTable reads the text form of the table: one thing a line, its kind first.
func parseTable(text string) (Table, error) {
	t := Table{Category: map[string]string{}}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		kind, rest, _ := strings.Cut(line, " ")
		if err := t.read(kind, rest); err != nil {
			return Table{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return t, nil
}

func (t *Table) read(kind, rest string) error {
	switch kind {
	case "message":
		return t.readMessage(rest)
	case "says", "field", "member":
		if len(t.Messages) == 0 {
			return fmt.Errorf("%q before the first message", kind)
		}
		c := &t.Messages[len(t.Messages)-1]
		if kind == "says" {
			c.Says = append(c.Says, rest)
			return nil
		}
		return c.readRow(kind == "member", rest)
	case "own":
		return t.readOwn(rest)
	case "value", "later":
		return t.readValue(kind == "later", rest)
	case "reason":
		return t.readReason(rest)
	case "instead":
		return t.readInstead(rest)
	case "only":
		return t.readOnly(rest)
	}
	return fmt.Errorf("%q is no kind of line", kind)
}

func (t *Table) readMessage(rest string) error {
	f := strings.Fields(rest)
	if len(f) != 3 || !slices.Contains([]string{"client", "gateway", "both"}, f[2]) {
		return fmt.Errorf("message %q: want its type, its name and client, gateway or both", rest)
	}
	if _, twice := t.Chapter(f[0]); twice {
		return fmt.Errorf("message %s stands twice", f[0])
	}
	t.Messages = append(t.Messages, Chapter{Type: f[0], Name: f[1], From: f[2]})
	return nil
}

func (c *Chapter) readRow(member bool, rest string) error {
	f := strings.SplitN(rest, " ", 6)
	if len(f) < 5 {
		return fmt.Errorf("%s: %q: want tag, name, need, versions, values and what it says", c.Type, rest)
	}
	tag, err := strconv.Atoi(f[0])
	if err != nil || tag < 1 {
		return fmt.Errorf("%s: %q is no tag", c.Type, f[0])
	}
	r := Row{Tag: tag, Name: f[1], Need: f[2], Versions: Versions}
	if !slices.Contains([]string{"Y", "C", "N"}, r.Need) {
		return fmt.Errorf("%s %d: need %q is not Y, C or N", c.Type, tag, r.Need)
	}
	switch f[3] {
	case "*":
	case "-":
		r.Versions = nil
	default:
		r.Versions = strings.Split(f[3], ",")
		for _, v := range r.Versions {
			if !slices.Contains(Versions, v) {
				return fmt.Errorf("%s %d: %q is no version", c.Type, tag, v)
			}
		}
	}
	if f[4] != "-" {
		r.Values = strings.Split(f[4], ",")
	}
	if len(f) == 6 {
		r.Says = f[5]
	}
	if member {
		if r.Group = c.lastCount(); r.Group == 0 {
			return fmt.Errorf("%s: member %d before a group", c.Type, tag)
		}
	}
	if slices.ContainsFunc(c.Rows, func(o Row) bool { return o.Tag == r.Tag && o.Group == r.Group }) {
		return fmt.Errorf("%s: %d stands twice", c.Type, tag)
	}
	c.Rows = append(c.Rows, r)
	return nil
}

// lastCount is the tag of the newest row that is no member.
func (c *Chapter) lastCount() int {
	for _, r := range slices.Backward(c.Rows) {
		if r.Group == 0 {
			return r.Tag
		}
	}
	return 0
}

func (t *Table) readOwn(rest string) error {
	f := strings.SplitN(rest, " ", 6)
	if len(f) != 6 || f[3] != "both" && f[3] != "VAMM1" {
		return fmt.Errorf("own %q: want tag, name, type, both or VAMM1, messages and what it says", rest)
	}
	tag, err := strconv.Atoi(f[0])
	if err != nil || tag < 5000 {
		return fmt.Errorf("own %q: a tag of our own is 5000 or above", f[0])
	}
	if slices.ContainsFunc(t.Own, func(o OwnField) bool { return o.Tag == tag || o.Name == f[1] }) {
		return fmt.Errorf("own %d %s stands twice", tag, f[1])
	}
	o := OwnField{Tag: tag, Name: f[1], Type: f[2], Both: f[3] == "both", Within: map[string]int{}, Says: f[5]}
	for where := range strings.SplitSeq(f[4], ",") {
		kind, group, within := strings.Cut(where, ":")
		o.In = append(o.In, kind)
		if !within {
			continue
		}
		if o.Within[kind], err = strconv.Atoi(group); err != nil {
			return fmt.Errorf("own %d: %q is no group", tag, where)
		}
	}
	t.Own = append(t.Own, o)
	return nil
}

func (t *Table) readValue(later bool, rest string) error {
	f := strings.Fields(rest)
	if len(f) != 3 {
		return fmt.Errorf("value %q: want tag, value and name", rest)
	}
	tag, err := strconv.Atoi(f[0])
	if err != nil {
		return fmt.Errorf("value %q is no tag", f[0])
	}
	v := Value{tag, f[1], f[2]}
	if later {
		t.Later = append(t.Later, v)
		return nil
	}
	i := slices.IndexFunc(t.Own, func(o OwnField) bool { return o.Tag == tag })
	if i < 0 {
		return fmt.Errorf("value of %d, which is no tag of our own", tag)
	}
	t.Own[i].Values = append(t.Own[i].Values, v)
	return nil
}

func (t *Table) readReason(rest string) error {
	f := strings.Fields(rest)
	if len(f) != 2 {
		return fmt.Errorf("reason %q: want its token and its category", rest)
	}
	if _, twice := t.Category[f[0]]; twice {
		return fmt.Errorf("reason %s stands twice", f[0])
	}
	t.Category[f[0]] = f[1]
	t.Reasons = append(t.Reasons, f[0])
	return nil
}
