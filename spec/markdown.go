package spec

import (
	"fmt"
	"strings"
)

// Markdown is the chapter of a message as the rules of engagement print it:
// heading, sentence, and the table of its fields.
func (c Chapter) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s (%s)\n%s\n", c.Name, c.Type, strings.Join(c.Says, "\n"))
	if len(c.Rows) == 0 {
		return b.String()
	}
	b.WriteString("\n| Tag | Req'd | Description |\n|---|---|---|\n")
	for _, r := range c.Rows {
		if r.Group == 0 { // Members are named in the row of their group.
			fmt.Fprintf(&b, "| %d %s | %s |%s |\n", r.Tag, r.Name, r.Need, spaced(r.Says))
		}
	}
	return b.String()
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

// ownMin is where the tags of our dialect begin; those below it are others' that
// we took over.
const ownMin = 22000

// OwnMarkdown is the table of our own tags; took selects those below our range.
func (t Table) OwnMarkdown(took bool) string {
	var b strings.Builder
	b.WriteString("| Tag | In | Description |\n|---|---|---|\n")
	for _, o := range t.Own {
		if (o.Tag < ownMin) == took {
			fmt.Fprintf(&b, "| %d %s | %s |%s |\n", o.Tag, o.Name, strings.Join(o.In, " "), spaced(o.Says))
		}
	}
	return b.String()
}

// categories are those of refusals in the order of the table.
var categories = []struct{ name, means string }{
	{"A-1", "price: a held order's price moved"}, {"A-2", "time: the request or its quote is too old"},
	{"B", "no such price, or not for this"}, {"C", "credit"}, {"D", "set-up: who may do what"},
	{"E", "terms and limits of the request"}, {"F", "state of the venue"},
}

// CategoryOf is the category of a refusal and what it means; false if the reason
// has none.
func CategoryOf(token string) (name, means string, ok bool) {
	for _, c := range categories {
		if c.name == Promised().Category[token] {
			return c.name, c.means, true
		}
	}
	return "", "", false
}

// CategoryMarkdown is the table of categories with their reasons.
func (t Table) CategoryMarkdown() string {
	var b strings.Builder
	b.WriteString("| Category | Tokens |\n|---|---|\n")
	for _, c := range categories {
		var tokens []string
		for _, r := range t.Reasons {
			if t.Category[r] == c.name {
				tokens = append(tokens, r)
			}
		}
		fmt.Fprintf(&b, "| %s %s | %s |\n", c.name, c.means, strings.Join(tokens, ", "))
	}
	return b.String()
}

// Markdown is every table of the rules of engagement in a version, without their
// prose: the messages, for VAMM1 our own tags, and the reasons.
func Markdown(version string, vamm1 bool) string {
	t := Promised().In(version)
	var b strings.Builder
	b.WriteString("# Messages\n")
	for _, c := range t.Messages {
		b.WriteString("\n" + c.Markdown())
	}
	b.WriteString("\n# Tags of our own\n\n" + t.OwnMarkdown(true) + "\n")
	if vamm1 {
		b.WriteString(t.OwnMarkdown(false) + "\n")
	}
	return b.String() + "# Reasons\n\n" + reasonTable() + "\n" + t.CategoryMarkdown()
}

// reasonTable is the table of reasons of the rules of engagement; the door that
// answers with them keeps it.
func reasonTable() string {
	_, rest, _ := strings.Cut(roe, "\n| Token | 103 ")
	table, _, _ := strings.Cut(rest, "\n\n")
	return "| Token | 103 " + table + "\n"
}
