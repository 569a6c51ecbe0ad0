package fix

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"backstop/spec"
)

// Field is one field of a message. Name and Meaning are from the dictionary,
// empty where it knows none.
type Field struct {
	Tag     int
	Value   string
	Name    string
	Meaning string
}

// Message is a FIX message taken apart for people.
type Message struct {
	Type     string // MsgType(35)
	Name     string // of the type
	Fields   []Field
	Problems []string // what is wrong with the frame; nil: nothing
}

// ParseMessage takes a raw message apart. Fields are separated by SOH or, if
// there is none, by a vertical bar, as logs print them; what stands before
// "8=" is left out.
func ParseMessage(raw []byte) Message {
	raw = bytes.TrimSpace(raw)
	if !bytes.Contains(raw, []byte{1}) {
		raw = bytes.ReplaceAll(raw, []byte("|"), []byte{1})
	}
	if i := bytes.Index(raw, []byte("8=FIX")); i > 0 {
		raw = raw[i:]
	}
	if len(raw) > 0 && raw[len(raw)-1] != 1 {
		raw = append(bytes.Clone(raw), 1)
	}
	var m Message
	for part := range strings.SplitSeq(strings.TrimSuffix(string(raw), "\x01"), "\x01") {
		name, value, ok := strings.Cut(part, "=")
		tag, err := strconv.Atoi(name)
		if !ok || err != nil || tag <= 0 {
			m.Problems = append(m.Problems, fmt.Sprintf("%q is no field", part))
			continue
		}
		f := Field{Tag: tag, Value: value}
		f.Name, _ = spec.FieldName(tag)
		f.Meaning, _ = spec.ValueName(tag, value)
		if tag == 35 {
			m.Type = value
			m.Name, _ = spec.MessageName(value)
			f.Meaning = m.Name
		}
		m.Fields = append(m.Fields, f)
	}
	m.Problems = append(m.Problems, frameProblems(raw, m.Fields)...)
	return m
}

// frameProblems checks what makes bytes a FIX message: the first three fields,
// BodyLength and CheckSum.
func frameProblems(raw []byte, fields []Field) (problems []string) {
	if len(fields) < 4 || fields[0].Tag != 8 || fields[1].Tag != 9 || fields[2].Tag != 35 {
		return []string{"does not start with 8, 9 and 35"}
	}
	last := fields[len(fields)-1]
	end := bytes.LastIndex(raw, []byte("\x0110="))
	if last.Tag != 10 || end < 0 {
		return []string{"does not end with CheckSum(10)"}
	}
	start := bytes.Index(raw, []byte("\x0135=")) + 1
	if want := strconv.Itoa(end + 1 - start); strings.TrimLeft(fields[1].Value, "0") != want {
		problems = append(problems, fmt.Sprintf("BodyLength(9) is %s, should be %s", fields[1].Value, want))
	}
	if want := fmt.Sprintf("%03d", checkSum(raw[:end+1])); last.Value != want {
		problems = append(problems, fmt.Sprintf("CheckSum(10) is %s, should be %s", last.Value, want))
	}
	return problems
}

// Get returns the first value of a field, or nothing.
func (m Message) Get(tag int) string {
	for _, f := range m.Fields {
		if f.Tag == tag {
			return f.Value
		}
	}
	return ""
}

// All returns every value of a field that a group repeats.
func (m Message) All(tag int) (values []string) {
	for _, f := range m.Fields {
		if f.Tag == tag {
			values = append(values, f.Value)
		}
	}
	return values
}

// secret tells whether the value lets somebody in: Password(554), NewPassword(925) and
// RawData(96), which holds the signature of a Logon.
func (f Field) secret() bool { return f.Tag == 554 || f.Tag == 925 || f.Tag == 96 }

// Shown is the value as people may see it: secrets are blanked.
func (f Field) Shown() string {
	if f.secret() {
		return "***"
	}
	return strings.ToValidUTF8(f.Value, "?")
}

// String prints the message, one line a field: tag, name, value, meaning. The
// last line is the verdict on the frame. Secrets are not shown.
func (m Message) String() string {
	var b strings.Builder
	width := 0
	for _, f := range m.Fields {
		width = max(width, len(f.Name))
	}
	for _, f := range m.Fields {
		line := fmt.Sprintf("%5d  %-*s  %s", f.Tag, width, f.Name, f.Shown())
		if f.Meaning != "" {
			line += "  (" + f.Meaning + ")"
		}
		b.WriteString(line + "\n")
	}
	if len(m.Problems) == 0 {
		b.WriteString("frame: BodyLength and CheckSum are right\n")
	}
	for _, p := range m.Problems {
		b.WriteString("frame: " + p + "\n")
	}
	return b.String()
}
