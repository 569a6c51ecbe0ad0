package fix

import (
	"slices"
	"strconv"

	"backstop/perp"
)

// Fields of a MassQuote from a liquidity provider: of the whole, of a set, and of an
// entry.
var (
	provideFields      = []int{117, 131, 537, 301, 1, 296, tagReset}
	provideSetFields   = []int{302, 304, 893, 295}
	provideEntryFields = []int{299, 55, 132, 133, 134, 135, 62, 60, 15, 167}
)

// tagReset is ProtectionReset: the provider goes on after its protection acted.
const tagReset = 22090

// Levels of QuoteResponseLevel(301). A refusal is told whatever is asked for: a
// provider must not believe that its quotes stand.
const (
	respondNever    = '0'
	respondRefusals = '1'
	respondAlways   = '2'
)

// decodeProvide reads i from a provider: bids and offers for any of the markets, in
// sets that only the answer repeats. What is wrong with an entry refuses it there.
func decodeProvide(c *codec, r *request, o perp.Origin) perp.Command {
	p := perp.ProvideQuotes{Origin: o, QuoteID: r.id(117), Account: r.id(1), Reset: r.flag(tagReset)}
	switch level := r.code(301); level {
	case 0, respondAlways:
	case respondNever, respondRefusals:
		p.Quiet = true
	default:
		r.wrong(301, rejectValue)
	}
	if kind := r.code(537); kind != 0 && kind != '1' {
		r.flaw(perp.Unsupported, "537="+string(kind))
	}
	r.count(296)
	r.require(302)
	r.only(provideFields, provideSetFields, provideEntryFields, harmless)
	for _, set := range r.groups(302) {
		p.Entries = append(p.Entries, c.providedSet(r, set)...)
		if len(p.Entries) > perp.ProvidedMax { // That is enough to refuse it.
			p.Entries = p.Entries[:perp.ProvidedMax+1]
			break
		}
	}
	for i, x := range p.Entries {
		if slices.ContainsFunc(p.Entries[:i], func(y perp.ProvidedQuote) bool { return x.ID == y.ID }) {
			p.Entries[i].Flaws = append(p.Entries[i].Flaws, perp.Verdict{Reject: perp.BadRequest, Detail: "299 stands twice"})
		}
	}
	p.Flawed = r.flawed()
	return p
}

// flag reads a boolean field; absent is no.
func (r *request) flag(tag int) bool {
	switch r.code(tag) {
	case 'Y':
		return true
	case 0, 'N':
	default:
		r.wrong(tag, rejectValue)
	}
	return false
}

// groups cuts the fields into those that begin with a tag.
func (r *request) groups(first int) (all []*request) {
	for i, f := range r.fields {
		if f.tag == first {
			all = append(all, &request{msgType: r.msgType, fields: r.fields[i : i+1]})
		} else if n := len(all); n > 0 {
			g := all[n-1]
			g.fields = g.fields[:len(g.fields)+1] // The next one of the same message.
		}
	}
	return all
}

// providedSet reads the entries of one set. A set in several messages is not taken:
// what stands must not depend on what is still to come.
func (c *codec) providedSet(r, set *request) (all []perp.ProvidedQuote) {
	set.require(304, 295, 299)
	id, entries := set.id(302), set.groups(299)
	if total := set.count(304); total != len(entries) {
		r.flaw(perp.Unsupported, "304="+strconv.Itoa(total)+" with "+strconv.Itoa(len(entries))+" entries")
	}
	if last := set.code(893); last != 0 && last != 'Y' {
		r.flaw(perp.Unsupported, "893="+string(last))
	}
	r.adopt(set)
	for _, e := range entries[:min(len(entries), perp.ProvidedMax+1)] {
		x := perp.ProvidedQuote{Set: id, ID: e.id(299), Symbol: e.id(55), Until: e.when(62)}
		if x.Symbol == "" {
			e.missing(55)
		}
		x.Bid, x.Ask = e.providedLevel(132, 134), e.providedLevel(133, 135)
		e.when(60)
		e.instrument(c, x.Symbol)
		x.Flawed = e.flawed()
		r.adopt(e)
		all = append(all, x)
	}
	return all
}

// adopt takes over what makes a message unreadable from a part of it.
func (r *request) adopt(part *request) {
	if part.rej != nil {
		r.fail(part.rej)
	}
}

// providedLevel reads a price and its size. A size of zero is nothing at any price.
func (r *request) providedLevel(price, size int) perp.Level {
	_, priced := r.get(price)
	_, sized := r.get(size)
	l := perp.Level{Size: r.size(size)}
	switch {
	case sized && l.Size == 0:
		r.number(price)
	case priced && sized:
		l.Price = r.price(price)
	case priced:
		r.missing(size)
	case sized:
		r.missing(price)
	}
	return l
}
