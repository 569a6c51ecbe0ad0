package fix

import (
	"strconv"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// body gathers the fields of an outgoing message in the order in which they go
// out: that of spec/ROE.md, not that of the tag numbers.
type body struct {
	msgType string
	pairs   []pair
	groups  map[int]*quickfix.RepeatingGroup // by the tag of their count
	later   map[int]string                   // what VAMM1 says instead, by tag
}

func newBody(msgType string) *body { return &body{msgType: msgType} }

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

// group adds a repeating group whose members all have the fields of the first.
func (b *body) group(tag int, members ...[]pair) *body {
	var order []int
	for _, f := range members[0] {
		order = append(order, f.tag)
	}
	return b.sorted(tag, order, members)
}

// sorted adds a repeating group whose members may lack fields of the order.
func (b *body) sorted(tag int, order []int, members [][]pair) *body {
	g := quickfix.NewRepeatingGroup(quickfix.Tag(tag), templateOf(order))
	for _, m := range members {
		row := g.Add()
		for _, f := range m {
			row.SetString(quickfix.Tag(f.tag), f.value)
		}
	}
	if b.groups == nil {
		b.groups = map[int]*quickfix.RepeatingGroup{}
	}
	b.groups[tag] = g
	return b.add(tag, "")
}

func templateOf(order []int) (t quickfix.GroupTemplate) {
	for _, tag := range order {
		t = append(t, quickfix.GroupElement(quickfix.Tag(tag)))
	}
	return t
}

// message builds a message that is the same in both dialects.
func (b *body) message() *quickfix.Message { return b.in(strict44) }

// in builds the message in a dialect. The body map of the library sorts by tag;
// giving it the whole body as one field keeps our order.
func (b *body) in(d dialect) *quickfix.Message {
	msg := quickfix.NewMessage()
	msg.Header.SetString(35, b.msgType)
	if all := b.ordered(d); all != nil {
		msg.Body.SetGroup(*all)
	}
	if d.foreign() {
		d.spoken(msg) // One that the version lacks stays, and is not sent.
	}
	return msg
}

// ordered is the body as a dialect has it; nil if it is empty. Our own tags, and
// values later than FIX 4.4, are for VAMM1 alone.
func (b *body) ordered(d dialect) *inOrder {
	order := make([]int, 0, len(b.pairs))
	for _, f := range b.pairs {
		if d == vamm1 || f.tag < customMin {
			order = append(order, f.tag)
		}
	}
	if len(order) == 0 {
		return nil
	}
	all := quickfix.NewRepeatingGroup(quickfix.Tag(order[0]), templateOf(order))
	row := all.Add()
	for _, f := range b.pairs {
		value, later := b.later[f.tag]
		switch g, ok := b.groups[f.tag]; {
		case d != vamm1 && f.tag >= customMin:
		case ok:
			row.SetGroup(g)
		case later && d == vamm1:
			row.SetString(quickfix.Tag(f.tag), value)
		default:
			row.SetString(quickfix.Tag(f.tag), f.value)
		}
	}
	return &inOrder{all}
}

// inOrder is a group without its count.
type inOrder struct{ *quickfix.RepeatingGroup }

// Write returns the fields alone.
func (g inOrder) Write() []quickfix.TagValue { return g.RepeatingGroup.Write()[1:] }

// stamp prints a UTC timestamp in milliseconds, which every client can read.
func stamp(t perp.Time) string { return time.Unix(0, int64(t)).UTC().Format("20060102-15:04:05.000") }

// day prints a UTC date.
func day(t perp.Time) string { return time.Unix(0, int64(t)).UTC().Format("20060102") }
