package fix

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// body gathers the fields of an outgoing message in the order in which they go
// out: that of spec/ROE.md, not that of the tag numbers. A group is one pair, with
// its members behind the count.
type body struct {
	msgType string
	pairs   []pair
	later   map[int]string // what VAMM1 says instead, by tag
}

// fieldsUsual is room for the fields of most messages.
const fieldsUsual = 40

// spent are some that were written into their message: reports come by the
// thousand, and each needs a kilobyte for a moment.
var spent = sync.Pool{New: func() any { return &body{pairs: make([]pair, 0, fieldsUsual)} }}

func newBody(msgType string) *body {
	b := spent.Get().(*body)
	b.msgType = msgType
	return b
}

// done gives a body back that was written and is not used again.
func (b *body) done() {
	clear(b.pairs)
	b.pairs = b.pairs[:0]
	clear(b.later)
	spent.Put(b)
}

func (b *body) add(tag int, value string) *body {
	b.pairs = append(b.pairs, pair{tag, value})
	return b
}

// upgrade says what a field that was added holds in VAMM1.
func (b *body) upgrade(tag int, value string) *body {
	if b.later == nil {
		b.later = map[int]string{}
	}
	b.later[tag] = value
	return b
}

// opt adds a field unless it has nothing to say.
func (b *body) opt(tag int, value string) *body {
	if value != "" {
		b.add(tag, value)
	}
	return b
}

func (b *body) num(tag, value int) *body { return b.add(tag, strconv.Itoa(value)) }

func (b *body) time(tag int, t perp.Time) *body { return b.add(tag, stamp(t)) }

// group adds a repeating group; the members stand as they are given.
func (b *body) group(tag int, members ...[]pair) *body { return b.add(tag, groupValue(members)) }

// groupValue is a repeating group as the value of its count, also inside another
// group.
func groupValue(members [][]pair) string {
	value := append(strconv.AppendInt(nil, int64(len(members)), 10), soh)
	for _, m := range members {
		for _, f := range m {
			value = appendField(value, f)
		}
	}
	return string(value[:len(value)-1])
}

// sorted adds a repeating group whose members stand in the order given and may
// lack some of it. It sorts them where they are.
func (b *body) sorted(tag int, order []int, members [][]pair) *body {
	place := func(x, y pair) int { return slices.Index(order, x.tag) - slices.Index(order, y.tag) }
	for _, m := range members {
		slices.SortStableFunc(m, place)
	}
	return b.group(tag, members...)
}

// message builds a message that is the same in both dialects.
func (b *body) message() *quickfix.Message { return b.in(strict44) }

// in builds the message in a dialect. The body map of the library would sort by
// tag, and keep each field apart.
func (b *body) in(d dialect) *quickfix.Message {
	msg := quickfix.NewMessage()
	msg.Header.SetString(35, b.msgType)
	if inner := b.written(d); len(inner) > 0 {
		setBody(msg, inner)
	}
	if d.foreign() {
		d.spoken(msg) // One that the version lacks stays, and is not sent.
	}
	return msg
}

// written is the body as a dialect has it. Our own tags, and values later than
// FIX 4.4, are for VAMM1 alone.
func (b *body) written(d dialect) (inner []byte) {
	size := 0
	for _, f := range b.pairs {
		size += len(f.value) + tagBytes
	}
	inner = make([]byte, 0, size)
	for _, f := range b.pairs {
		if d != vamm1 && f.tag >= customMin {
			continue
		}
		if value, later := b.later[f.tag]; later && d == vamm1 {
			f.value = value
		}
		if f.value == "" { // Only VAMM1 has something to say.
			continue
		}
		inner = appendField(inner, f)
	}
	return inner
}

// tagBytes is room for a tag, the equals sign and the end of a field.
const tagBytes = 7

// stamp prints a UTC timestamp in milliseconds, which every client can read.
func stamp(t perp.Time) string { return time.Unix(0, int64(t)).UTC().Format("20060102-15:04:05.000") }

// day prints a UTC date.
func day(t perp.Time) string { return time.Unix(0, int64(t)).UTC().Format("20060102") }
