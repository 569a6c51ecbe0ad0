package fix

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"backstop/perp"
	"backstop/spec"

	"github.com/quickfixgo/quickfix"
)

// A message is made in FIX 4.4. For a session of another version it is said again
// before it gets its number: without what the version lacks, with its values, and
// in the order of its dictionary (spec/ROE.md, "Versions").

// foreignDialects are how sessions of other versions are told, by the key of the
// version.
var foreignDialects = map[string]dialect{"42": fix42, "50": fix50}

// foreign tells whether a dialect is of another version than FIX 4.4.
func (d dialect) foreign() bool { return d == fix42 || d == fix50 }

// tongue is what a version has of our messages.
type tongue struct {
	forms   map[string]*form          // by MsgType
	instead map[int]map[string]string // by tag and value
}

// form is the order of one message: where a field stands, and in which group.
type form struct {
	top    map[int]int          // place by tag, outside of groups
	groups map[int]map[int]int  // by the tag of the count: place by tag
	of44   map[int]map[int]bool // what groups of FIX 4.4, in which the message is made, have in them and in their groups
}

var tongues = sync.OnceValue(func() map[dialect]*tongue {
	all := map[dialect]*tongue{}
	table := spec.Promised()
	for key, d := range foreignDialects {
		t := &tongue{forms: map[string]*form{}, instead: map[int]map[string]string{}}
		for _, c := range table.In(key).Messages {
			f := newForm(key, c.Type)
			f.of44 = newForm("44", c.Type).extents()
			t.forms[c.Type] = f
		}
		for _, i := range table.Instead {
			if i.Version != key || strings.Contains(i.Said, ",") || i.Said == spec.Unsaid { // One of several: inFIX42 knows which.
				continue
			}
			if t.instead[i.Tag] == nil {
				t.instead[i.Tag] = map[string]string{}
			}
			t.instead[i.Tag][i.Value] = i.Said
		}
		all[d] = t
	}
	return all
})

func newForm(version, msgType string) *form {
	f := &form{top: map[int]int{}, groups: map[int]map[int]int{}}
	for i, p := range spec.Layout(version, msgType) {
		if p.In == 0 {
			f.top[p.Tag] = i
			continue
		}
		if f.groups[p.In] == nil {
			f.groups[p.In] = map[int]int{}
		}
		f.groups[p.In][p.Tag] = i
	}
	return f
}

// knows tells whether the version of a dialect has a message.
func (d dialect) knows(kind string) bool { return !d.foreign() || tongues()[d].forms[kind] != nil }

// put says the body of a message in the version of a dialect; not ok: the version
// has no such message.
func (d dialect) put(kind string, body []pair) (_ string, _ []pair, ok bool) {
	t := tongues()[d]
	if d == fix42 {
		kind, body = inFIX42(kind, body)
	}
	if d == fix50 && kind == "r" && valueOf(body, 1369) == "" {
		body = append(slices.Clone(body), pair{1369, valueOf(body, 37)})
	}
	f := t.forms[kind]
	if f == nil {
		return kind, nil, false
	}
	said := make([]pair, 0, len(body))
	for _, p := range body {
		if v, other := t.instead[p.tag][p.value]; other {
			p.value = v
		}
		said = append(said, p)
	}
	return kind, f.arrange(said), true
}

// piece is a field, or a whole group, and where it stands.
type piece struct {
	at     int
	fields []pair
}

// arrange brings the fields of a message into the order of a form and leaves out
// what the form lacks.
func (f *form) arrange(body []pair) []pair { return f.level(body, f.top) }

// level arranges the fields outside of groups, or of one member of a group.
func (f *form) level(fields []pair, places map[int]int) (out []pair) {
	var all []piece
	for i := 0; i < len(fields); {
		count := fields[i]
		i++
		from := i
		for i < len(fields) && f.of44[count.tag][fields[i].tag] {
			i++
		}
		at, known := places[count.tag]
		if !known {
			continue
		}
		one := piece{at, []pair{count}}
		for _, row := range rowsOf(fields[from:i]) {
			one.fields = append(one.fields, f.level(row, f.groups[count.tag])...)
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b piece) int { return cmp.Compare(a.at, b.at) })
	for _, p := range all {
		out = append(out, p.fields...)
	}
	return out
}

// extents are the tags that may follow the count of each group.
func (f *form) extents() map[int]map[int]bool {
	all := map[int]map[int]bool{}
	var within func(count int, to map[int]bool)
	within = func(count int, to map[int]bool) {
		for tag := range f.groups[count] {
			to[tag] = true
			if f.groups[tag] != nil {
				within(tag, to)
			}
		}
	}
	for count := range f.groups {
		all[count] = map[int]bool{}
		within(count, all[count])
	}
	return all
}

// rowsOf cuts the members of a group where its first field comes again.
func rowsOf(members []pair) (rows [][]pair) {
	for i, p := range members {
		if i == 0 || p.tag == members[0].tag {
			rows = append(rows, nil)
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], p)
	}
	return rows
}

// spoken says a message in the version of a dialect; false: the version has no
// such message. What is said already stays as it is.
func (d dialect) spoken(msg *quickfix.Message) bool {
	kind, err := msg.MsgType()
	if err != nil || !d.foreign() {
		return err == nil
	}
	kind, body, ok := d.put(kind, bodyOf([]byte(msg.String())))
	if !ok {
		return false
	}
	msg.Header.SetString(35, kind)
	setBody(msg, wire(body))
	return true
}

// reworded brings the values of a BusinessMessageReject of the session library into
// a version; its order is the library's.
func (d dialect) reworded(msg *quickfix.Message) {
	code, err := msg.Body.GetString(380)
	if err != nil || !d.foreign() {
		return
	}
	if said, other := tongues()[d].instead[380][code]; other {
		msg.Body.SetString(380, said)
	}
}

// translated says fields that are written already.
func (d dialect) translated(kind string, raw []byte) []byte {
	if !d.foreign() {
		return raw
	}
	_, body, _ := d.put(kind, splitFields(raw))
	return wire(body)
}

func wire(fields []pair) (raw []byte) {
	for _, f := range fields {
		raw = appendField(raw, f)
	}
	return raw
}

// bodyOf are the fields of a message without those of its header and trailer.
func bodyOf(raw []byte) []pair {
	return slices.DeleteFunc(splitFields(raw), func(f pair) bool {
		tag := quickfix.Tag(f.tag)
		return tag.IsHeader() || tag.IsTrailer()
	})
}

func valueOf(fields []pair, tag int) string {
	for _, f := range fields {
		if f.tag == tag {
			return f.value
		}
	}
	return ""
}

// inFIX42 does what no table can: reports say in two fields what FIX 4.4 says in
// one, and there is no refusal of requests for quotes and for the venue.
func inFIX42(kind string, body []pair) (string, []pair) {
	switch {
	case kind == "AG":
		return refusedIn42("R", valueOf(body, 131), body)
	case kind == "AI" && valueOf(body, 297) == strconv.Itoa(quoteStatuses[perp.QuoteRejected]):
		return refusedIn42("Z", valueOf(body, 117), body)
	case kind == "h" && valueOf(body, 340) == venueRefused:
		return refusedIn42("g", valueOf(body, 335), body)
	case kind == "d" && valueOf(body, 393) == "":
		return kind, append(slices.Clone(body), pair{393, "1"})
	case kind != "8" || valueOf(body, 20) != "":
		return kind, body
	}
	status, transaction := valueOf(body, 39), "0"
	out := make([]pair, 0, len(body)+3)
	for _, f := range body {
		switch {
		case f.tag == 150 && f.value == "F" && status == "2":
			f.value = "2"
		case f.tag == 150 && f.value == "F":
			f.value = "1"
		case f.tag == 150 && f.value == "I":
			f.value, transaction = status, "3"
		case f.tag == 150 && f.value == string(busted):
			f.value, transaction = status, "1"
		case f.tag == 137:
			out = append(out, pair{12, f.value}, pair{13, "3"})
		}
		out = append(out, f)
	}
	// The fee stood within its group; what is in front of that is no member of it.
	slices.SortStableFunc(out, func(a, b pair) int { return cmp.Compare(feeLast(a.tag), feeLast(b.tag)) })
	return kind, append([]pair{{20, transaction}}, out...)
}

// refusedIn42 is j for a request that FIX 4.2 has no refusal of.
func refusedIn42(request, id string, body []pair) (string, []pair) {
	said := valueOf(body, 58)
	token, _, _ := strings.Cut(said, " ")
	token, _, _ = strings.Cut(token, ":")
	return "j", []pair{{372, request}, {379, id}, {380, strictCode(pair{380, "0"}, token)}, {58, said}}
}

func feeLast(tag int) int {
	if tag == 12 || tag == 13 {
		return 0
	}
	return 1
}

// outFIX42 is what FIX 4.4 says of a message that was said in FIX 4.2. Currency is that
// of the market.
func outFIX42(kind string, body []pair, currency string) []pair {
	if kind != "8" {
		return body
	}
	var out []pair
	for _, f := range body {
		switch {
		case f.tag == 20 || f.tag == 13:
			continue
		case f.tag == 12:
			out = append(out, feeOf(f.value, currency, strings.HasPrefix(valueOf(body, 58), perp.LiquidationCancel.String()))...)
			continue
		case f.tag == 150 && valueOf(body, 20) == "3":
			f.value = "I"
		case f.tag == 150 && valueOf(body, 20) == "1":
			f.value = string(busted)
		case f.tag == 150 && (f.value == "1" || f.value == "2"):
			f.value = "F"
		}
		out = append(out, f)
	}
	return out
}

// feeOf is the group in which FIX 4.4 tells what a fill cost. A market that is listed no
// longer has no currency.
func feeOf(fee, currency string, liquidation bool) []pair {
	group := []pair{{136, "1"}, {137, fee}}
	if currency != "" {
		group = append(group, pair{138, currency})
	}
	return append(group, pair{139, feeKind(liquidation)})
}

// present says a stored message as the session speaks now: it may have been in
// another version, or dialect, when the message was made. Not ok: it cannot say it.
func (l *link) present(raw []byte) (_ []byte, ok bool) {
	was, d := valueOf(splitFields(raw[:min(len(raw), beginMax+3)]), 8), l.dialect()
	if d == strict44 {
		raw = inStrict44(raw)
	}
	if was == l.id.BeginString {
		return raw, true
	}
	var head, body []pair
	kind := ""
	for _, f := range splitFields(inStrict44(raw)) {
		switch tag := quickfix.Tag(f.tag); {
		case f.tag == 8 || f.tag == 9 || f.tag == 10:
		case f.tag == 35:
			kind = f.value
		case tag.IsHeader():
			head = append(head, f)
		default:
			body = append(body, f)
		}
	}
	if was == quickfix.BeginStringFIX42 {
		currency := ""
		if l.currency != nil {
			currency = l.currency(valueOf(body, 55))
		}
		body = outFIX42(kind, body, currency)
	}
	if d.foreign() {
		if kind, body, ok = d.put(kind, body); !ok {
			return nil, false
		}
	}
	return reframe(l.id.BeginString, append(append(appendField(nil, pair{35, kind}), wire(head)...), wire(body)...)), true
}

// rejectVersion is SessionRejectReason(373) of a message of another application
// version than that of its session.
const rejectVersion = 18

// foreignVersion refuses a message whose ApplVerID(1128) is not that of the session.
func foreignVersion(msg *quickfix.Message, v spec.Version) quickfix.MessageRejectError {
	for _, tag := range []quickfix.Tag{1128, 1129} {
		if !msg.Header.Has(tag) { // The library makes an error of what it does not find.
			continue
		}
		if said, err := msg.Header.GetString(tag); err == nil && (tag == 1129 || said != v.ApplVerID) {
			of := tag
			return quickfix.NewMessageRejectError("Application version is not that of the session", rejectVersion, &of)
		}
	}
	return nil
}

// refusedVersion is what a Logon without the right DefaultApplVerID(1137) is told.
func refusedVersion(v spec.Version) string {
	return "DefaultApplVerID(1137) must be " + strconv.Quote(v.ApplVerID)
}
