package fix

import (
	"bytes"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// abusedNumbers are what numbers must not look like, or what must not be taken
// for another number.
var abusedNumbers = []string{
	"1e5", "1E5", "+5", strings.Repeat("9", 40), strings.Repeat("9", 400), "NaN", "Inf", "-Inf", "0x10", "1_000", "1,000", "--1", "1.2.3", " 1", "1 ", "", "-0", "-5", ".", "٣",
	"18446744073709551617", "9223372036854775808", "1" + strings.Repeat("0", 60), "0." + strings.Repeat("0", 60) + "1",
}

// numericTypes are the types of the dictionary that hold a number.
var numericTypes = []string{"INT", "QTY", "PRICE", "AMT", "FLOAT", "NUMINGROUP", "SEQNUM", "LENGTH", "PERCENTAGE", "PRICEOFFSET"}

// Limits of C12 for one message, beyond what a good one of its kind takes: the
// session library spends some 100 KB on any R, for its group.
const (
	abusedBytesMax = 64 << 10
	abusedTimeMax  = time.Millisecond
)

// TestAbusedNumbers: C12. In every numeric field of every request, a number in a
// form that FIX does not know, or beyond what anybody means, is refused with a
// reason, without much memory or time. In a field that is not read it changes
// nothing: what comes of the request is the same without it.
func TestAbusedNumbers(t *testing.T) {
	m := newMill(t, own())
	cases, unread, worst, which := 0, 0, int64(0), ""
	start := time.Now()
	for _, text := range mixture {
		kind, rest, _ := strings.Cut(text, "|")
		if _, request := requests[kind]; !request {
			continue
		}
		good := m.allocated(requestOf(kind, rest))
		for _, tag := range m.numeric(kind) {
			for _, value := range abusedNumbers {
				frame := requestOf(kind, replaced(rest, tag, "="+value))
				cases++
				verdict, became := m.judge(frame)
				if used := m.allocated(frame) - good; used > worst {
					worst, which = used, string(frame)
				}
				if verdict != "" {
					continue
				}
				unread++
				_, as := m.judge(requestOf(kind, rest))
				_, without := m.judge(requestOf(kind, replaced(rest, tag, "")))
				if !reflect.DeepEqual(became, as) && !reflect.DeepEqual(became, without) {
					t.Errorf("35=%s with %d=%q is taken: %+v", kind, tag, value, became)
				}
			}
		}
	}
	took := time.Since(start) / time.Duration(max(1, 2*cases)) // each is judged twice
	t.Logf("%d messages, %d of them with the number where it is not read; at most %d bytes and %v on average for one", cases, unread, worst, took)
	if cases < 1000 || unread > cases/4 || worst > abusedBytesMax || took > abusedTimeMax {
		t.Errorf("%d cases; %d bytes, at most %d, for %q; %v, at most %v", cases, worst, abusedBytesMax, which, took, abusedTimeMax)
	}
}

// allocated is how many bytes it takes to judge a request.
func (m *mill) allocated(frame []byte) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m.judge(frame)
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// numeric are the numeric tags of a message, those of its groups included.
func (m *mill) numeric(kind string) (tags []int) {
	for tag := range m.dictionary.Messages[kind].Tags {
		if f := m.dictionary.FieldTypeByTag[tag]; f != nil && slices.Contains(numericTypes, f.Type) {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return tags
}

func requestOf(kind, fields string) []byte {
	return frameOf("FIX.4.4", "35="+kind+"\x0134=7\x0149=ACME\x0152=20260722-12:00:00.300\x0156=BACKSTOP\x01"+strings.ReplaceAll(fields, "|", "\x01"))
}

// replaced is a body with another value of a tag, or with the tag at its end. An
// empty value, without even the sign, takes the tag out.
func replaced(fields string, tag int, value string) string {
	name := strconv.Itoa(tag)
	all := strings.Split(strings.TrimSuffix(fields, "|"), "|")
	i := slices.IndexFunc(all, func(f string) bool { return strings.HasPrefix(f, name+"=") })
	switch {
	case i < 0 && value != "":
		all = append(all, name+value)
	case i >= 0 && value == "":
		all = slices.Delete(all, i, i+1)
	case i >= 0:
		all[i] = name + value
	}
	return strings.Join(all, "|") + "|"
}

// judge says why a request is refused, "" if it is not, and what becomes of it.
func (m *mill) judge(frame []byte) (why string, became any) {
	frame, _, found := cut(frame, 64<<10)
	if found != whole {
		return "dropped", nil
	}
	if _, forbidden, bad := read(frame); bad || forbidden {
		return "dropped", nil
	}
	msg := quickfix.NewMessage()
	if err := quickfix.ParseMessageWithDataDictionary(msg, bytes.NewBuffer(frame), nil, m.dictionary); err != nil {
		return err.Error(), nil
	}
	if rej := m.validator.Validate(msg); rej != nil {
		return rej.Error(), nil
	}
	cmd, rej := m.door.codec.decode(msg, perp.Origin{Session: "ACME"})
	switch {
	case rej != nil:
		return rej.Error(), nil
	case cmd != nil:
		return flawOf(cmd), cmd
	}
	defer m.door.desk.forget("ACME")
	replies, rej := m.door.desk.local(msg, "ACME", testTime)
	if rej != nil {
		return rej.Error(), nil
	}
	var said []string
	for _, r := range replies {
		if kind, err := r.Header.GetString(35); err == nil && kind == "Y" {
			return kind, nil
		}
		said = append(said, r.String())
	}
	return "", said
}

func flawOf(cmd perp.Command) string {
	switch c := cmd.(type) {
	case perp.PlaceOrder:
		return c.First().Reject.String()
	case perp.ReplaceOrder:
		return c.First().Reject.String()
	case perp.CancelOrder:
		return c.First().Reject.String()
	case perp.RequestQuote:
		return c.First().Reject.String()
	case perp.RequestPositions:
		return c.First().Reject.String()
	case perp.RequestCollateral:
		return c.First().Reject.String()
	case perp.RequestTrades:
		return c.First().Reject.String()
	}
	return ""
}
