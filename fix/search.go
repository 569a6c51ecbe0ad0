package fix

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"backstop/spec"
)

// Condition is what somebody looks for in messages.
type Condition struct {
	tag     int
	value   string         // exactly this one; empty: any
	pattern *regexp.Regexp // instead of value
}

// ParseCondition reads TAG=VALUE, TAG~PATTERN or TAG alone, where a tag is a number
// or a name. A pattern is a regular expression that is found somewhere in the value.
func ParseCondition(text string) (c Condition, err error) {
	name, value := text, ""
	i := strings.IndexAny(text, "=~")
	if i >= 0 {
		name, value = text[:i], text[i+1:]
	}
	if c.tag, err = strconv.Atoi(name); err != nil {
		tag, known := spec.Tag(name)
		if !known {
			return c, fmt.Errorf("%q: there is no field %q", text, name)
		}
		c.tag = tag
	}
	switch {
	case c.tag <= 0:
		return c, fmt.Errorf("%q: %q is no tag", text, name)
	case i >= 0 && value == "":
		return c, fmt.Errorf("%q: no value", text)
	case i >= 0 && text[i] == '~':
		if c.pattern, err = regexp.Compile(value); err != nil {
			return c, fmt.Errorf("%q: %w", text, err)
		}
	default:
		c.value = value
	}
	return c, nil
}

// Holds tells whether a message has the field, in a group or outside of one. A secret
// is compared as it is shown, or a few questions would find it out.
func (c Condition) Holds(m Message) bool {
	return slices.ContainsFunc(m.Fields, func(f Field) bool {
		value := f.Value
		if f.secret() {
			value = f.Shown()
		}
		return f.Tag == c.tag && (c.pattern != nil && c.pattern.MatchString(value) || c.pattern == nil && (c.value == "" || c.value == value))
	})
}

// Search is what somebody looks for: messages of one of the types for which every
// condition holds; with an order those of its lane alone. The zero value is every
// message.
type Search struct {
	Order      string
	Types      []string // values of MsgType(35), or names
	Conditions []Condition
}

// ParseSearch reads conditions, types and the id of an order. An empty type counts for
// nothing.
func ParseSearch(order string, types, conditions []string) (Search, error) {
	s := Search{Order: order}
	for _, t := range types {
		if t != "" {
			s.Types = append(s.Types, t)
		}
	}
	for _, text := range conditions {
		c, err := ParseCondition(text)
		if err != nil {
			return Search{}, err
		}
		s.Conditions = append(s.Conditions, c)
	}
	return s, nil
}

// Any tells whether nothing is looked for in particular.
func (s Search) Any() bool { return s.Order == "" && len(s.Types) == 0 && len(s.Conditions) == 0 }

// Wants tells whether a message is of one of the types and every condition holds.
func (s Search) Wants(m Message) bool {
	if len(s.Types) > 0 && !slices.Contains(s.Types, m.Type) && !slices.Contains(s.Types, m.Name) {
		return false
	}
	return !slices.ContainsFunc(s.Conditions, func(c Condition) bool { return !c.Holds(m) })
}

// Find returns those of the messages that are looked for, in their order.
func (s Search) Find(messages []Message) (found []Message) {
	for _, i := range s.Places(messages) {
		found = append(found, messages[i])
	}
	return found
}

// Places are where among the messages those are that are looked for.
func (s Search) Places(messages []Message) (at []int) {
	in := make([]bool, len(messages))
	if s.Order != "" {
		in = lane(messages, s.Order)
	}
	for i, m := range messages {
		if (in[i] || s.Order == "") && s.Wants(m) {
			at = append(at, i)
		}
	}
	return at
}

// orderTags are the fields that name orders: ClOrdID, OrigClOrdID, OrderID.
var orderTags = []int{11, 41, 37}

// lane tells of each message whether it is about one order: all that name it by its
// OrderID, a ClOrdID or what that replaced, from the first request on. Id is any of
// these. A ClOrdID counts within its session only.
func lane(messages []Message, id string) []bool {
	in, known := make([]bool, len(messages)), map[string]bool{}
	for i, m := range messages {
		in[i] = slices.ContainsFunc(orderTags, func(tag int) bool { return slices.Contains(m.All(tag), id) })
	}
	for grown := true; grown; {
		grown = false
		for i, m := range messages {
			names := orderNames(m)
			in[i] = in[i] || slices.ContainsFunc(names, func(n string) bool { return known[n] })
			if !in[i] {
				continue
			}
			for _, n := range names {
				grown = grown || !known[n]
				known[n] = true
			}
		}
	}
	return in
}

// orderNames are the ids of orders in a message, each with where it counts. What is
// told of many orders at once belongs to none.
func orderNames(m Message) (names []string) {
	ends := []string{m.Get(49), m.Get(56)}
	slices.Sort(ends)
	for _, tag := range orderTags {
		all := m.All(tag)
		if len(all) != 1 || all[0] == "" || all[0] == none {
			continue
		}
		if tag == 37 {
			names = append(names, "order "+all[0])
		} else {
			names = append(names, strings.Join(ends, " ")+" "+all[0])
		}
	}
	return names
}

// OrderID is the order that a message names: its OrderID or, if it has none, its
// ClOrdID. Empty: it names none, or many.
func (m Message) OrderID() string {
	for _, tag := range []int{37, 11} {
		if all := m.All(tag); len(all) > 1 {
			return ""
		} else if len(all) == 1 && all[0] != "" && all[0] != none {
			return all[0]
		}
	}
	return ""
}

// Line is a message in one line: when and by whom it was sent, its number and name,
// and what it says. Secrets are blanked.
func (m Message) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s>%s %s %s", m.Get(52), m.Get(49), m.Get(56), m.Get(34), m.Name)
	if m.Name == "" {
		b.WriteString("35=" + m.Type)
	}
	for _, f := range m.Fields {
		if slices.Contains(framing, f.Tag) {
			continue
		}
		name := f.Name
		if name == "" {
			name = strconv.Itoa(f.Tag)
		}
		b.WriteString(" " + name + "=" + f.Shown())
		if f.Meaning != "" {
			b.WriteString("(" + f.Meaning + ")")
		}
	}
	return b.String()
}

// framing are the fields that a line has in front, or that say nothing.
var framing = []int{8, 9, 10, 34, 35, 49, 52, 56}
