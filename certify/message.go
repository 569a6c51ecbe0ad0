package certify

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"backstop/spec"
)

// SOH ends a field.
const SOH = "\x01"

// messageMax is the longest body of a message that is read: an acceptor may say
// no more at once.
const messageMax = 1 << 20

// Fields is a FIX message as its tag=value fields in order, header and trailer
// included. It is a list because order and repetition are part of what is judged.
type Fields []string

// Parse cuts a message into fields; both SOH and | separate.
func Parse(m string) Fields {
	return strings.Split(strings.Trim(strings.ReplaceAll(m, SOH, "|"), "|"), "|")
}

// Lookup returns the first value of a tag and whether the tag is there.
func (f Fields) Lookup(tag int) (string, bool) {
	prefix := strconv.Itoa(tag) + "="
	for _, field := range f {
		if v, ok := strings.CutPrefix(field, prefix); ok {
			return v, true
		}
	}
	return "", false
}

// Get returns the first value of a tag, or "".
func (f Fields) Get(tag int) string {
	v, _ := f.Lookup(tag)
	return v
}

// All returns every value of a tag, for repeating groups.
func (f Fields) All(tag int) (values []string) {
	prefix := strconv.Itoa(tag) + "="
	for _, field := range f {
		if v, ok := strings.CutPrefix(field, prefix); ok {
			values = append(values, v)
		}
	}
	return values
}

// Entry returns price and QuoteEntryID of the first entry of a kind (269) in a W.
func (f Fields) Entry(kind string) (price, id string) {
	for i, field := range f {
		if field != "269="+kind {
			continue
		}
		for _, of := range f[i+1:] {
			tag, value, _ := strings.Cut(of, "=")
			switch tag {
			case "270":
				price = value
			case "299":
				id = value
			case "269":
				return price, id
			}
		}
	}
	return price, id
}

// Int returns the value of a tag as a number, or -1.
func (f Fields) Int(tag int) int {
	n, err := strconv.Atoi(f.Get(tag))
	if err != nil {
		return -1
	}
	return n
}

// String shows the message with | for SOH.
func (f Fields) String() string { return strings.Join(f, "|") }

// Type names the message for people: "ExecutionReport (8)".
func (f Fields) Type() string { return typeName(f.Get(35)) }

func typeName(t string) string {
	if name, ok := spec.MessageName(t); ok {
		return name + " (" + t + ")"
	}
	return "message " + t
}

// admin tells whether a message is the session's own, which is never repeated.
func admin(msgType string) bool { return len(msgType) == 1 && strings.Contains("0123450A", msgType) }

// Complete adds BodyLength and CheckSum where a message lacks them and leaves
// them as written where it has them. What does not begin with 8= is left alone.
func Complete(m string) string {
	if !strings.HasPrefix(m, "8=") {
		return m
	}
	end := strings.Index(m, SOH)
	if end < 0 {
		return m
	}
	head, body := m[:end+1], m[end+1:]
	sum := ""
	if i := strings.LastIndex(body, SOH+"10="); i >= 0 {
		body, sum = body[:i+1], body[i+1:]
	}
	if !strings.HasPrefix(body, "9=") && !strings.Contains(body, SOH+"9=") {
		body = "9=" + strconv.Itoa(len(body)) + SOH + body
	}
	if sum == "" {
		sum = fmt.Sprintf("10=%03d%s", checkSum(head+body), SOH)
	}
	return head + body + sum
}

func checkSum(s string) byte {
	var sum byte
	for i := range len(s) {
		sum += s[i]
	}
	return sum
}

// ReadMessage reads one message by its BodyLength and checks its CheckSum.
func ReadMessage(r *bufio.Reader) (string, error) {
	var m bytes.Buffer
	for range 2 {
		field, err := readField(r)
		if err != nil {
			return "", err
		}
		m.WriteString(field)
	}
	_, length, ok := strings.Cut(m.String(), SOH+"9=")
	n, err := strconv.Atoi(strings.TrimSuffix(length, SOH))
	if !ok || err != nil || n < 0 || n > messageMax {
		return "", fmt.Errorf("no BodyLength second: %s", readable(m.String()))
	}
	if _, err := io.CopyN(&m, r, int64(n)); err != nil {
		return "", err
	}
	sum, err := readField(r)
	if err != nil {
		return "", err
	}
	want := fmt.Sprintf("10=%03d%s", checkSum(m.String()), SOH)
	m.WriteString(sum)
	if sum != want {
		return "", fmt.Errorf("CheckSum %s, want %s: %s", readable(sum), readable(want), readable(m.String()))
	}
	return m.String(), nil
}

// readField reads a field of the frame. It has to fit into the buffer of the reader:
// an acceptor may send for ever and never end one.
func readField(r *bufio.Reader) (string, error) {
	field, err := r.ReadSlice(1)
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("a field of the frame has more than %d bytes", r.Size())
	}
	return string(field), err
}

func readable(m string) string { return strings.ReplaceAll(m, SOH, "|") }

func stamp(t time.Time) string { return t.UTC().Format("20060102-15:04:05.000") }
