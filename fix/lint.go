package fix

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/datadictionary"
)

// The golden logs have a message of every form that the gateway sends; tests keep
// them true, and the binary carries them to try them on a client's dictionary.
var (
	//go:embed testdata/outbound.golden
	goldenStrict44 string
	//go:embed testdata/outbound_vamm1.golden
	goldenVAMM1 string
)

// DictionaryMax is the largest data dictionary that is read.
const DictionaryMax = 16 << 20

// lintMax is how many faults of one message are told; then the next one.
const lintMax = 64

// sessionForms are the session messages that the gateway, or the library for it,
// sends, and News that the golden log cannot have.
var sessionForms = []struct{ name, body string }{
	{"logon", "35=A|98=0|108=30|"},
	{"logon_reset", "35=A|98=0|108=30|141=Y|"},
	{"heartbeat", "35=0|"},
	{"heartbeat_answer", "35=0|112=T-1|"},
	{"test_request", "35=1|112=T-1|"},
	{"resend_request", "35=2|7=3|16=0|"},
	{"reject", "35=3|45=7|58=Value is incorrect (out of range) for this tag|371=54|372=D|373=5|"},
	{"gap_fill", "35=4|36=9|123=Y|"},
	{"sequence_reset", "35=4|36=9|"},
	{"logout", "35=5|58=Logged out by the desk: maintenance|"},
	{"news_not_again", "35=B|42=20260722-12:00:00.341|61=1|148=" + headlineOmitted + "|33=1|58=7 older reports are not sent again; ask with AF and AD|"},
}

// Refusal is one thing that a client with a dictionary would refuse: a field, or
// the message if there is no tag, with SessionRejectReason(373).
type Refusal struct {
	MsgType  string   `json:"msg_type"`
	Tag      int      `json:"tag,omitempty"`
	Reason   int      `json:"reason"`
	Text     string   `json:"text"`
	Count    int      `json:"count"`    // messages of the log that have it
	Messages []string `json:"messages"` // their names
}

// LintResult is what became of the log.
type LintResult struct {
	Dialect  string    `json:"dialect"`
	Messages int       `json:"messages"` // tried
	Refused  int       `json:"refused"`
	Refusals []Refusal `json:"refusals"`
}

// Lint tries every message that the gateway can send in a dialect, as it is sent
// first, resent (43=Y) and repeated after a reset (97=Y), on the data dictionary
// of a client that validates all that QuickFIX can.
func Lint(src []byte, dialect string) (LintResult, error) {
	d, known := dialects[dialect]
	if !known {
		return LintResult{}, fmt.Errorf("there is no dialect %q; there are STRICT44 and VAMM1", dialect)
	}
	dict, err := readDictionary(src)
	if err != nil {
		return LintResult{}, err
	}
	log, err := outboundLog(d)
	if err != nil {
		return LintResult{}, err
	}
	out := LintResult{Dialect: dialect, Refusals: []Refusal{}}
	validator := quickfix.NewValidator(pickiest, dict, nil)
	for _, m := range log {
		out.Messages++
		found := faults(m, dict, validator)
		if len(found) > 0 {
			out.Refused++
		}
		for _, f := range found {
			out.add(f, m.name)
		}
	}
	slices.SortStableFunc(out.Refusals, func(a, b Refusal) int {
		if c := strings.Compare(a.MsgType, b.MsgType); c != 0 {
			return c
		}
		return a.Tag - b.Tag
	})
	return out, nil
}

// pickiest is how the strictest client validates.
var pickiest = quickfix.ValidatorSettings{CheckFieldsOutOfOrder: true, RejectInvalidMessage: true, CheckUserDefinedFields: true, CheckFieldsHaveValues: true}

func (r *LintResult) add(f Refusal, name string) {
	i := slices.IndexFunc(r.Refusals, func(o Refusal) bool {
		return o.MsgType == f.MsgType && o.Tag == f.Tag && o.Reason == f.Reason
	})
	if i < 0 {
		i = len(r.Refusals)
		r.Refusals = append(r.Refusals, f)
	}
	r.Refusals[i].Count++
	if !slices.Contains(r.Refusals[i].Messages, name) {
		r.Refusals[i].Messages = append(r.Refusals[i].Messages, name)
	}
}

// readDictionary reads a FIX 4.4 data dictionary in QuickFIX format. What the
// library cannot bear is refused before it sees it.
func readDictionary(src []byte) (dict *datadictionary.DataDictionary, err error) {
	if len(src) > DictionaryMax {
		return nil, fmt.Errorf("the dictionary is larger than %d MiB", DictionaryMax>>20)
	}
	var doc struct {
		XMLName    xml.Name
		Components []part `xml:"components>component"`
	}
	if err := xml.Unmarshal(src, &doc); err != nil {
		return nil, fmt.Errorf("this is no XML: %w", err)
	}
	if doc.XMLName.Local != "fix" {
		return nil, fmt.Errorf("this is no data dictionary in QuickFIX format: its root is <%s>, not <fix>", doc.XMLName.Local)
	}
	if loop := circle(doc.Components); loop != "" {
		return nil, fmt.Errorf("component %s of the dictionary is part of itself", loop)
	}
	defer func() {
		if p := recover(); p != nil { // The library trusts the file; this one cannot be trusted.
			dict, err = nil, fmt.Errorf("this is no data dictionary that can be used: %v", p)
		}
	}()
	dict, err = datadictionary.ParseSrc(bytes.NewReader(src))
	switch {
	case err != nil:
		return nil, fmt.Errorf("this is no data dictionary in QuickFIX format: %w", err)
	case dict.FIXType != "FIX" || dict.Major != 4 || dict.Minor != 4:
		return nil, fmt.Errorf("the dictionary is for %s.%d.%d, and the gateway speaks FIX.4.4", dict.FIXType, dict.Major, dict.Minor)
	case dict.Header == nil || dict.Trailer == nil || len(dict.Messages) == 0:
		return nil, errors.New("the dictionary has no header, no trailer or no messages")
	}
	return dict, nil
}

// part is a component, or a member of one, of a data dictionary.
type part struct {
	XMLName xml.Name
	Name    string `xml:"name,attr"`
	Parts   []part `xml:",any"`
}

// circle names a component that is part of itself; none: "".
func circle(components []part) string {
	const open, done = 1, 2
	state, inner := map[string]int{}, map[string][]part{}
	for _, c := range components {
		inner[c.Name] = c.Parts
	}
	var within func(parts []part) string
	visit := func(name string) string {
		switch state[name] {
		case open:
			return name
		case done:
			return ""
		}
		state[name] = open
		loop := within(inner[name])
		state[name] = done
		return loop
	}
	within = func(parts []part) string {
		for _, p := range parts {
			loop := ""
			if p.XMLName.Local == "component" {
				loop = visit(p.Name)
			} else {
				loop = within(p.Parts)
			}
			if loop != "" {
				return loop
			}
		}
		return ""
	}
	for _, c := range components {
		if loop := visit(c.Name); loop != "" {
			return loop
		}
	}
	return ""
}

// logged is one message of the log: its name, type, and fields without the frame.
type logged struct {
	name, kind string
	fields     []pair
}

// outboundLog is every message that the gateway sends in a dialect, in each form.
func outboundLog(d dialect) (all []logged, err error) {
	text := goldenStrict44
	if d == vamm1 {
		text = goldenVAMM1
	}
	var lines []string
	for _, s := range sessionForms {
		lines = append(lines, s.name+" :: "+s.body)
	}
	if d == vamm1 {
		lines = append(lines, "logon_vamm1 :: 35=A|98=0|108=30|22000=VAMM1|")
	}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		lines = append(lines, line)
	}
	for _, line := range lines {
		name, body, ok := strings.Cut(line, " :: ")
		fields := splitFields([]byte(strings.ReplaceAll(body, "|", "\x01")))
		if !ok || len(fields) == 0 || fields[0].tag != 35 {
			return nil, fmt.Errorf("golden log: %q is no message", line)
		}
		kind := fields[0].value
		head := func(more ...pair) []pair {
			h := []pair{{35, kind}, {49, "BACKSTOP"}, {56, "CLIENT"}, {34, "12"}, {52, "20260722-12:00:00.341"}}
			return append(append(h, more...), fields[1:]...)
		}
		const before = "20260722-12:00:00.300"
		all = append(all, logged{name, kind, head()})
		if stored[kind] || name == "gap_fill" {
			all = append(all, logged{name + " 43=Y", kind, head(pair{43, "Y"}, pair{122, before})})
		}
		if reports[kind] {
			all = append(all, logged{name + " 97=Y", kind, head(pair{97, "Y"})})
			all = append(all, logged{name + " 43=Y 97=Y", kind, head(pair{43, "Y"}, pair{97, "Y"}, pair{122, before})})
		}
	}
	return all, nil
}

// faults are what a client refuses of a message. A validator names one fault at a
// time: the field is taken out and the rest is tried again, unless the fault is
// in how the fields stand together.
func faults(m logged, dict *datadictionary.DataDictionary, v quickfix.Validator) (found []Refusal) {
	for len(found) < lintMax {
		tag, reason, text := validateFields(m.fields, dict, v)
		if text == "" {
			return found
		}
		found = append(found, Refusal{MsgType: m.kind, Tag: tag, Reason: reason, Text: text})
		single := []int{0, 2, 4, 5, 6} // Reasons that are about one field, wherever it stands.
		was := len(m.fields)
		if slices.Contains(single, reason) && tag != 35 {
			m.fields = slices.DeleteFunc(slices.Clone(m.fields), func(f pair) bool { return f.tag == tag })
		}
		if len(m.fields) == was {
			return found
		}
	}
	return found
}

// validateFields tries one message; no text: it is good.
func validateFields(fields []pair, dict *datadictionary.DataDictionary, v quickfix.Validator) (tag, reason int, text string) {
	var inner []byte
	for _, f := range fields {
		inner = append(inner, strconv.Itoa(f.tag)+"="+f.value+"\x01"...)
	}
	msg := quickfix.NewMessage()
	if err := quickfix.ParseMessageWithDataDictionary(msg, bytes.NewBuffer(frame(inner)), dict, dict); err != nil {
		return 0, 0, err.Error()
	}
	rej := v.Validate(msg)
	if rej == nil {
		return 0, 0, ""
	}
	if rej.RefTagID() != nil {
		tag = int(*rej.RefTagID())
	}
	return tag, rej.RejectReason(), rej.Error()
}
