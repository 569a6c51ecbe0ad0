package fix

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// dialect is how much a session is told (spec/ROE.md, "Dialects"). It is chosen
// at the Logon and ends with the connection.
type dialect uint8

const (
	strict44 dialect = iota // what a stock FIX 4.4 dictionary knows, and nothing else
	vamm1                   // with our own tags and later values
	fix42                   // what FIX 4.2 knows of strict44; fix50: the same of FIX 5.0 SP2
	fix50
)

// tagDialect chooses the dialect in a Logon; customMin is where tags begin that
// no stock dictionary knows.
const (
	tagDialect = 22000
	customMin  = 5000
)

// retryAfter opens the number of milliseconds after which a client that was
// throttled may try again.
const retryAfter = "retry_after_ms="

// dialects are the values of Dialect(22000).
var dialects = map[string]dialect{"STRICT44": strict44, "VAMM1": vamm1}

// dialect is that of the connection that the client has now. What is said while
// there is none is kept whole: it is said in STRICT44 when it leaves, if the client
// that is back then wants that.
func (l *link) dialect() dialect {
	if l.speaks.foreign() {
		return l.speaks // Another version has no dialects.
	}
	if c := l.holder.Load(); c != nil && c.Conn != nil {
		return c.dialect
	}
	return vamm1
}

// keeps is the dialect in which what is stored is written. Nobody reads any more what
// comes behind the Logout or the end of a connection, so that is kept whole as well; what
// leaves all the same is said in the dialect of the connection.
func (l *link) keeps() dialect {
	if l.speaks.foreign() {
		return l.speaks
	}
	if c := l.holder.Load(); !l.up.Load() || c != nil && c.parted.Load() {
		return vamm1
	}
	return l.dialect()
}

// keepsOf is that of a session; one that is not configured is told nothing.
func (d *Door) keepsOf(session string) dialect {
	if l := d.byComp[session]; l != nil {
		return l.keeps()
	}
	return strict44
}

func (d *Door) dialectOf(session string) dialect {
	if l := d.byComp[session]; l != nil {
		return l.dialect()
	}
	return strict44
}

// relogon checks the dialect of a Logon that the session library has taken, and
// keeps what its answer repeats. One within a session cannot change the dialect:
// what is on its way would be in the other one.
func (l *link) relogon(msg *quickfix.Message) quickfix.MessageRejectError {
	l.echo = ""
	asked := strict44
	if text, err := msg.Body.GetString(tagDialect); err == nil {
		l.echo, asked = text, dialects[text]
	}
	if !l.speaks.foreign() && asked != l.dialect() {
		return quickfix.RejectLogon{Text: refusedDialectChange}
	}
	return nil
}

// inStrict44 says a message of either dialect in STRICT44: a client may ask in
// one session for what it was told in another. The reason stands in Text(58) in
// both, so that the older code of it can be told again.
func inStrict44(raw []byte) []byte {
	if !bytes.Contains(raw, []byte("\x01220")) {
		return raw // Every message of VAMM1 that is kept has a tag of ours.
	}
	fields := splitFields(raw)
	token := ""
	for _, f := range fields {
		if f.tag == 58 {
			token, _, _ = strings.Cut(f.value, " ")
		}
	}
	var inner []byte
	for _, f := range fields {
		switch {
		case f.tag == 8, f.tag == 9, f.tag == 10, f.tag >= customMin:
			continue
		case f.tag == 18:
			if f.value = untied(f.value); f.value == "" {
				continue
			}
		case f.tag == 103 || f.tag == 380:
			f.value = strictCode(f, token)
		case f.tag == 150 && f.value == string(triggered):
			f.value = string(restated)
		}
		inner = appendField(inner, f)
	}
	return reframe(fields[0].value, inner)
}

// untied is ExecInst(18) as STRICT44 has it.
func untied(words string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(words), func(w string) bool { return w == tiedWord }), " ")
}

// rewrite says a message in STRICT44 that was written in VAMM1.
func rewrite(msg *quickfix.Message) {
	setBody(msg, wire(bodyOf(inStrict44([]byte(msg.String())))))
}

// setBody gives a message a body that is written already: whole fields, the
// groups among them. The library's body sorts by tag; as one field it stays.
func setBody(msg *quickfix.Message, inner []byte) {
	name, rest, ok := bytes.Cut(inner[:max(0, len(inner)-1)], []byte{'='})
	tag, err := strconv.Atoi(string(name))
	if !ok || err != nil {
		panic(perp.Fault{What: "message body that starts with no field: " + string(name)})
	}
	msg.Body.Clear()
	msg.Body.SetBytes(quickfix.Tag(tag), rest)
}

func appendField(to []byte, f pair) []byte {
	to = append(strconv.AppendInt(to, int64(f.tag), 10), '=')
	return append(append(to, f.value...), soh)
}

// sayMore adds to a BusinessMessageReject, which the session library makes, what
// VAMM1 says in it: the reason as a code, a later code, when to try again.
func sayMore(msg *quickfix.Message) {
	if !msg.IsMsgTypeOf("j") {
		return
	}
	said, err := msg.Body.GetString(58)
	if err != nil {
		return
	}
	token, rest, _ := strings.Cut(said, " ")
	token, _, _ = strings.Cut(token, ":")
	r := rejectOf(token)
	if r == perp.RejectNone {
		return
	}
	msg.Body.SetString(22004, token)
	msg.Body.SetInt(380, codesOf(r).businessLater)
	if ms, ok := strings.CutPrefix(rest, retryAfter); ok && r == perp.Throttled {
		msg.Body.SetString(22003, ms)
	}
}

// reframe puts BeginString, BodyLength and CheckSum around a message.
func reframe(begin string, inner []byte) []byte {
	raw := append([]byte("8="+begin+"\x019="+strconv.Itoa(len(inner))+"\x01"), inner...)
	sum := strconv.Itoa(int(checkSum(raw)))
	return append(raw, "10="+strings.Repeat("0", 3-len(sum))+sum+"\x01"...)
}
