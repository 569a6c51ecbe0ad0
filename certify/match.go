package certify

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"backstop/spec"
)

// How a matcher judges the value of its tag.
const (
	opExact   = "="
	opRegexp  = "~"
	opCapture = ">"
	opPresent = "present"
	opAbsent  = "absent"
)

// A matcher is one demand on a field.
type matcher struct {
	tag  int
	op   string
	text string // as the operator reads it; references in it are not yet filled in
}

// toleranceMark stands between a number and how far a value may be from it.
const toleranceMark = "+-"

// parseMatcher reads one demand: 35=8 the value, 44=100+-0.5 a number near that,
// 58~^THROTTLED a regular expression, 37>order any value, kept as {order}, 37
// any value, !41 not there.
func parseMatcher(s string) (matcher, error) {
	tag, absent := strings.CutPrefix(s, "!")
	end := strings.IndexFunc(tag, func(r rune) bool { return r < '0' || r > '9' })
	m := matcher{op: opPresent}
	switch {
	case absent:
		m.op = opAbsent
	case end >= 0:
		m.op, m.text = tag[end:end+1], tag[end+1:]
		tag = tag[:end]
	}
	n, err := strconv.Atoi(tag)
	if err != nil || n < 1 {
		return m, fmt.Errorf("%q is not TAG=VALUE, TAG~REGEXP, TAG>NAME, TAG or !TAG", s)
	}
	m.tag = n
	switch m.op {
	case opExact, opPresent, opAbsent:
	case opRegexp:
		if _, err := regexp.Compile(m.text); err != nil {
			return m, fmt.Errorf("%q: %w", s, err)
		}
	case opCapture:
		if !nameShape.MatchString(m.text) {
			return m, fmt.Errorf("%q: a name has letters, digits and _", s)
		}
	default:
		return m, fmt.Errorf("%q: %q is no operator", s, m.op)
	}
	return m, nil
}

// judge compares a message with the matcher. What it captures goes into vars.
func (m matcher) judge(got Fields, vars map[string]string) error {
	value, there := got.Lookup(m.tag)
	switch {
	case m.op == opAbsent && there:
		return fmt.Errorf("%s must not be there", fieldText(m.tag, value))
	case m.op == opAbsent:
		return nil
	case !there:
		return fmt.Errorf("%s is missing", tagText(m.tag))
	case m.op == opPresent:
		return nil
	case m.op == opCapture:
		vars[m.text] = value
		return nil
	}
	want, err := fill(m.text, vars)
	if err != nil {
		return err
	}
	if m.op == opRegexp {
		shape, err := regexp.Compile(want)
		if err != nil {
			return err
		}
		if !shape.MatchString(value) {
			return fmt.Errorf("%s, want a match of %s", fieldText(m.tag, value), want)
		}
		return nil
	}
	if middle, within, ok := strings.Cut(want, toleranceMark); ok {
		return near(m.tag, value, middle, within)
	}
	if value != want {
		return fmt.Errorf("%s, want %s", fieldText(m.tag, value), fieldText(m.tag, want))
	}
	return nil
}

func near(tag int, value, middle, within string) error {
	got, want, most := number(value), number(middle), number(within)
	if want == nil || most == nil {
		return fmt.Errorf("%s%s%s is not NUMBER%sNUMBER", middle, toleranceMark, within, toleranceMark)
	}
	if got == nil {
		return fmt.Errorf("%s is not a number", fieldText(tag, value))
	}
	if off := new(big.Rat).Sub(got, want); off.Abs(off).Cmp(most) > 0 {
		return fmt.Errorf("%s, want %s within %s", fieldText(tag, value), middle, within)
	}
	return nil
}

// judgeAll returns everything that a message does wrong.
func judgeAll(demands []matcher, got Fields, vars map[string]string) error {
	var faults []error
	for _, m := range demands {
		if err := m.judge(got, vars); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// valueShown is how much of a value is shown.
const valueShown = 200

// tagText and fieldText show a field as people read it: OrdStatus(39)=8 rejected.
func tagText(tag int) string {
	if name, ok := spec.FieldName(tag); ok {
		return fmt.Sprintf("%s(%d)", name, tag)
	}
	return strconv.Itoa(tag)
}

func fieldText(tag int, value string) string {
	if len(value) > valueShown {
		return fmt.Sprintf("%s=%s… (%d characters)", tagText(tag), strconv.QuoteToASCII(value[:valueShown]), len(value))
	}
	text := tagText(tag) + "=" + strconv.QuoteToASCII(value)
	if plain(value) {
		text = tagText(tag) + "=" + value
	}
	if meaning, ok := spec.ValueName(tag, value); ok {
		text += " " + strings.ToLower(meaning)
	}
	return text
}

func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// decoded shows a message field by field, one a line.
func decoded(f Fields) string {
	var b strings.Builder
	for _, field := range f {
		tag, value, _ := strings.Cut(field, "=")
		if n, err := strconv.Atoi(tag); err == nil {
			field = fieldText(n, value)
		}
		b.WriteString("    " + field + "\n")
	}
	return b.String()
}
