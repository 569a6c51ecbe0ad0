package config

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Problem is one fault of a configuration file: what is wrong, where, what is
// allowed and what to do about it.
type Problem struct {
	Line, Col int    // from 1; Col counts characters
	Length    int    // characters to mark, at least 1
	What      string // the fault in one sentence
	Meant     string // what was probably meant
	Allowed   string // the values that are
	Hint      string // what to do next
}

// Problems are all faults of one file. As an error it prints them with the
// lines they stand in.
type Problems struct {
	File   string
	Source []byte
	List   []Problem
}

// Error prints every problem and that nothing was applied.
func (p *Problems) Error() string {
	var b strings.Builder
	for _, one := range p.List {
		b.WriteString(p.render(one))
	}
	plural := "s"
	if len(p.List) == 1 {
		plural = ""
	}
	fmt.Fprintf(&b, "%d error%s. Nothing was applied.", len(p.List), plural)
	return b.String()
}

// secretKey finds where a line sets a secret.
var secretKey = regexp.MustCompile(`(?i)(secret|password)["']?\s*=\s*`)

// mask hides a secret that stands in a line. One that only says where to look
// for it may be shown.
func mask(line string) string {
	at := secretKey.FindStringIndex(line)
	if at == nil {
		return line
	}
	value := strings.TrimLeft(line[at[1]:], `"'`)
	if value != "" && pointsElsewhere(value) {
		return line
	}
	return line[:at[1]] + hidden
}

// render prints one problem: the sentence, the source line, a marker under the
// place with what is allowed, and the hint.
func (p *Problems) render(one Problem) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s\n", p.File, one.Line, one.Col, one.What)
	notes := []string{}
	if one.Meant != "" {
		notes = append(notes, fmt.Sprintf("did you mean %q?", one.Meant))
	}
	if one.Allowed != "" {
		notes = append(notes, "allowed: "+one.Allowed)
	}
	line := mask(sourceLine(p.Source, one.Line))
	number := strconv.Itoa(one.Line)
	mark := strings.Repeat("~", max(1, one.Length))
	// Tabs are kept so that the marker stands under the same column.
	before := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, firstRunes(line, one.Col-1))
	fmt.Fprintf(&b, "  %s | %s\n", number, line)
	fmt.Fprintf(&b, "  %s | %s%s %s", strings.Repeat(" ", len(number)), before, mark, strings.Join(notes, "; "))
	text := strings.TrimRight(b.String(), " ") + "\n"
	if one.Hint != "" {
		text += "hint: " + one.Hint + "\n"
	}
	return text
}

// order sorts by place, so that the file is mended from top to bottom.
func (p *Problems) order() {
	slices.SortStableFunc(p.List, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Col - b.Col
	})
}

func sourceLine(src []byte, line int) string {
	n := 0
	for text := range strings.Lines(string(src)) {
		if n++; n == line {
			return strings.ToValidUTF8(strings.TrimRight(text, "\r\n"), "?")
		}
	}
	return ""
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// place is a stretch of the source.
type place struct{ offset, length int }

// at turns a stretch of the source into line, column and length, cut at the
// end of the line.
func (p place) at(src []byte) (line, col, length int) {
	offset := min(max(p.offset, 0), len(src))
	end := min(offset+max(p.length, 0), len(src))
	above := src[:offset]
	start := bytes.LastIndexByte(above, '\n') + 1
	marked, _, _ := bytes.Cut(src[offset:end], []byte{'\n'})
	line = 1 + bytes.Count(above, []byte{'\n'})
	col = 1 + utf8.RuneCount(above[start:])
	return line, col, max(1, utf8.RuneCount(bytes.TrimRight(marked, "\r")))
}
