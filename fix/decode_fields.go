package fix

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// Limits on what one field may hold. Numbers are bounded by perp.
const (
	idMax     = 64 // characters of an id, a symbol or an account
	numberMax = 32 // characters of a number; longer ones are not looked at
	countMax  = 9  // digits of an integer field
)

// SessionRejectReason(373) of the problems that decode finds itself.
const (
	rejectValue  = 5 // value out of range
	rejectFormat = 6 // not a value of the field's type

	rejectSendingTime = 10 // SendingTime accuracy problem
)

// pair is one field of a message as it came.
type pair struct {
	tag   int
	value string
}

// request reads the body fields of one message, in their order, straight from
// its bytes: what the parser takes for a group makes no difference. The first
// unreadable field stays in rej; business problems gather in flaws.
type request struct {
	msgType string
	fields  []pair
	rej     quickfix.MessageRejectError
	flaws   []perp.Verdict
}

func newRequest(msg *quickfix.Message) *request {
	r := &request{}
	all := splitFields(msg.Bytes())
	r.fields = all[:0] // What is left out is not looked at again.
	for _, f := range all {
		tag := quickfix.Tag(f.tag)
		switch {
		case f.tag == 35:
			r.msgType = f.value
		case !tag.IsHeader() && !tag.IsTrailer():
			r.fields = append(r.fields, f)
		}
	}
	return r
}

// splitFields cuts raw bytes at SOH. What is no field is left out: the session
// layer has refused such a message before.
func splitFields(raw []byte) []pair {
	all := make([]pair, 0, bytes.Count(raw, []byte{soh})+1)
	for part := range strings.SplitSeq(string(raw), "\x01") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		if tag, err := strconv.Atoi(name); err == nil {
			all = append(all, pair{tag, value})
		}
	}
	return all
}

func (r *request) get(tag int) (string, bool) {
	for _, f := range r.fields {
		if f.tag == tag {
			return f.value, true
		}
	}
	return "", false
}

// all returns the values of a field that a group repeats.
func (r *request) all(tag int) (values []string) {
	for _, f := range r.fields {
		if f.tag == tag {
			values = append(values, f.value)
		}
	}
	return values
}

// fail keeps the first reason for a session reject.
func (r *request) fail(rej quickfix.MessageRejectError) {
	if r.rej == nil {
		r.rej = rej
	}
}

func (r *request) wrong(tag, reason int) {
	text := "Value is incorrect (out of range) for this tag"
	if reason == rejectFormat {
		text = "Incorrect data format for value"
	}
	t := quickfix.Tag(tag)
	r.fail(quickfix.NewMessageRejectError(text, reason, &t))
}

func (r *request) flaw(reject perp.Reject, detail string) {
	r.flaws = append(r.flaws, perp.Verdict{Reject: reject, Detail: detail})
}

// missing records a field that this kind of order needs and that is not there.
func (r *request) missing(tag int) {
	r.flaws = append(r.flaws, perp.Verdict{Reject: perp.CondField, Need: int64(tag), Detail: strconv.Itoa(tag)})
}

func (r *request) flawed() perp.Flawed { return perp.Flawed{Flaws: r.flaws} }

// require rejects the message (373=1) if one of the fields is missing; the
// first one of the list is named.
func (r *request) require(tags ...int) {
	for _, tag := range tags {
		if _, ok := r.get(tag); !ok {
			r.fail(quickfix.RequiredTagMissing(quickfix.Tag(tag)))
		}
	}
}

// only marks every field outside the lists as unsupported: a field that could
// change what the request means is refused, never overlooked.
func (r *request) only(lists ...[]int) {
	for _, f := range r.fields {
		if !slices.ContainsFunc(lists, func(l []int) bool { return slices.Contains(l, f.tag) }) {
			r.flaw(perp.Unsupported, "tag="+strconv.Itoa(f.tag))
			return
		}
	}
}

// id reads an id, a symbol or an account: up to 64 printable characters.
func (r *request) id(tag int) string {
	s, ok := r.get(tag)
	switch {
	case !ok:
		return ""
	case s == "" || !printable(s):
		r.wrong(tag, rejectFormat)
	case len(s) > idMax:
		r.wrong(tag, rejectValue)
	default:
		return s
	}
	return ""
}

// clOrdID reads an id that a client gives to a request about an order. It must
// also not be mistaken for what the gateway says when there is no id.
func (r *request) clOrdID(tag int) string {
	s := r.id(tag)
	if s == none || strings.Contains(s, " ") {
		r.flaw(perp.BadClOrdID, strconv.Itoa(tag))
	}
	return s
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// code reads a one-character field and looks it up.
func (r *request) code(tag int) byte {
	s, ok := r.get(tag)
	if !ok {
		return 0
	}
	if len(s) != 1 || !printable(s) {
		r.wrong(tag, rejectFormat)
		return 0
	}
	return s[0]
}

// count reads a small non-negative integer.
func (r *request) count(tag int) int {
	s, ok := r.get(tag)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil || len(s) > countMax || s[0] == '+':
		r.wrong(tag, rejectFormat)
	case n < 0:
		r.wrong(tag, rejectValue)
	default:
		return n
	}
	return 0
}

// size reads a quantity. Signs and odd forms are format problems; too fine or
// too large a number is a matter of the market.
func (r *request) size(tag int) perp.Size {
	s, ok := r.number(tag)
	if !ok {
		return 0
	}
	v, err := perp.ParseSize(s)
	switch {
	case err == nil:
		return v
	case errors.Is(err, perp.ErrDigits):
		r.flaw(perp.BadLot, "more than 9 decimal places")
	case errors.Is(err, perp.ErrRange):
		r.flaw(perp.MaxOrderSize, "beyond any order")
	default:
		r.wrong(tag, rejectFormat)
	}
	return 0
}

// price reads a price above zero.
func (r *request) price(tag int) perp.Price {
	s, ok := r.number(tag)
	if !ok {
		return 0
	}
	v, err := perp.ParsePrice(s)
	switch {
	case err == nil && v > 0:
		return v
	case err == nil, errors.Is(err, perp.ErrRange):
		r.flaw(perp.PriceBand, "beyond any price")
	case errors.Is(err, perp.ErrDigits):
		r.flaw(perp.BadTick, "more than 6 decimal places")
	default:
		r.wrong(tag, rejectFormat)
	}
	return 0
}

// number returns the text of a number that is short and not negative; "-0" is
// as wrong as "-5".
func (r *request) number(tag int) (string, bool) {
	s, ok := r.get(tag)
	switch {
	case !ok:
		return "", false
	case s == "" || len(s) > numberMax:
		r.wrong(tag, rejectFormat)
	case s[0] == '-':
		r.wrong(tag, rejectValue)
	default:
		return s, true
	}
	return "", false
}

// when reads a UTC timestamp of whole seconds to nanoseconds.
func (r *request) when(tag int) perp.Time {
	s, ok := r.get(tag)
	if !ok {
		return 0
	}
	var ts quickfix.FIXUTCTimestamp
	if err := ts.Read([]byte(s)); err != nil || ts.Year() < 1970 || ts.Year() > 2200 {
		r.wrong(tag, rejectFormat)
		return 0
	}
	return perp.Time(ts.UnixNano())
}

// date reads a UTC date, YYYYMMDD.
func (r *request) date(tag int) {
	if s, ok := r.get(tag); ok {
		if _, err := time.Parse("20060102", s); err != nil {
			r.wrong(tag, rejectFormat)
		}
	}
}

// side reads Side(54); sides other than buy and sell are not traded here.
func (r *request) side() perp.Side {
	switch c := r.code(54); {
	case c == 0:
	case c == '1':
		return perp.Buy
	case c == '2':
		return perp.Sell
	case c >= '3' && c <= '9' || c >= 'A' && c <= 'G':
		r.flaw(perp.Unsupported, "54="+string(c))
	default:
		r.wrong(54, rejectValue)
	}
	return 0
}
