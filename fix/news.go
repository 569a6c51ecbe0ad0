package fix

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"backstop/perp"
)

// What happens to prices and terms is told as News (B), unasked: what the outside
// price of a market is worth, and that trades of it were taken back, to those who are
// told its prices or have a position there; on which terms a session deals, to it alone.

// newsEvery is the shortest time between two B about the price of a market, between
// two about its busts, and between two about the terms of a session in one. What comes and goes meanwhile is
// not told; what is not as it was last told is told then.
const newsEvery = 5 * perp.Second

// Urgency(61) of News.
const (
	urgencyNormal = "0"
	urgencyFlash  = "1"
)

// What begins a headline about the terms of a session, and one about busts; the market
// follows.
const (
	headlineTier  = "TIER"
	headlineBusts = "BUSTS"
)

// doubt is why the outside price of a market is not taken as it is; the codes of
// OracleStatus(22013).
type doubt uint8

const (
	sound doubt = iota
	doubtStale
	doubtWide
	doubtDivergent
	doubtInvalid
	doubtCount
)

// newsItem is News that a session is owed about a market.
type newsItem struct {
	symbol string
	about  newsKind
}

// newsKind is what News is about.
type newsKind uint8

const (
	ofPrice newsKind = iota
	ofBusts
	ofTerms
)

// headlines are the first words about the price of a market.
var headlines = [doubtCount]string{"ORACLE_RECOVERED", "ORACLE_STALE", "ORACLE_WIDE", "ORACLE_DIVERGENT", "ORACLE_INVALID"}

// doubtOf is what a tick of a quality says, if it says anything of the price.
var doubtOf = map[string]doubt{"wide": doubtWide, "divergent": doubtDivergent, "jump": doubtDivergent, "invalid": doubtInvalid}

// incident is what the outside price of a market is worth, and what of it was told.
type incident struct {
	is, told doubt
	since    perp.Time // it is so
	toldAt   perp.Time
}

// voided is how many trades of a market were taken back since the start of this
// process, and how many of them were told.
type voided struct {
	is, told int
	since    perp.Time // the newest
	toldAt   perp.Time
}

// busted takes in that a trade is void. Whose it was is told to its account alone.
func (m *listed) busted(at perp.Time) { m.voided.is, m.voided.since = m.voided.is+1, at }

// doubted takes in what the state of a market says of its price. A market that is
// closed for another reason says nothing of it, nor one that waits for its first.
func (m *listed) doubted(at perp.Time) {
	i := &m.incident
	is, about := doubtIn(m.cause, m.offers.refused)
	if m.state == perp.Warming || m.state == perp.Expired || !about || is == i.is {
		return
	}
	i.is, i.since = is, at
}

// doubtIn is what a market's reason says of its price, if it is about that. Refused is
// the doubt of the newest tick that was not believed: the reason of all of them is one.
func doubtIn(why perp.Reject, refused doubt) (d doubt, about bool) {
	switch why {
	case perp.RejectNone:
		return sound, true
	case perp.OracleStale:
		return doubtStale, true
	case perp.OracleDivergent:
		return cmp.Or(refused, doubtDivergent), true
	}
	return sound, false
}

// refused takes in a tick that was not believed.
func (m *listed) refused(ev perp.TickRefused, at perp.Time) {
	m.offers.doubts(ev)
	m.doubted(at)
}

// regraded names the terms of a session in a market.
type regraded struct{ session, symbol string }

// grades takes in on which terms a session deals. The first ones change nothing
// that it was told, nor does it when the same are found again.
func (k *desk) grades(m *listed, ev perp.ClientGraded, at perp.Time) {
	before, known := m.offers.grades[ev.Session]
	g := gradeOf(ev)
	m.offers.grades[ev.Session] = g
	if !known || before.class == g.class && (before.until > at) == (g.until > at) {
		return
	}
	k.regrades[regraded{ev.Session, ev.Symbol}] = true
}

// mayHear tells whether prices are a session's business: it may ask for them, or
// deal.
func (k *desk) mayHear(session string) bool {
	roles := k.users[session].roles
	if len(roles) == 0 {
		roles = unlisted
	}
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(quoters, r) || slices.Contains(watchers, r) })
}

// concerned are the sessions that have to do with a market: a live V or stream of
// it, or a position there in an account of theirs. The lock is held.
func (k *desk) concerned(symbol string) []string {
	all := map[string]bool{}
	for session, c := range k.clients {
		if c.prices(symbol) {
			all[session] = true
		}
	}
	for key := range k.positions {
		if key.symbol == symbol {
			for _, session := range k.sessions[key.account] {
				all[session] = true
			}
		}
	}
	maps.DeleteFunc(all, func(session string, _ bool) bool { return !k.mayHear(session) })
	return slices.Sorted(maps.Keys(all))
}

// prices tells whether a client is told the prices of a market.
func (c *client) prices(symbol string) bool {
	for _, b := range c.books {
		if slices.ContainsFunc(b.symbols, func(t *told) bool { return t.symbol == symbol }) {
			return true
		}
	}
	for _, s := range c.streams {
		if s.symbol == symbol {
			return true
		}
	}
	return false
}

// announce notes for whom there is News. Who is not logged on is told nothing of it;
// who reads slowly is told the newest once there is room. The lock is held.
func (k *desk) announce(ready func(session string) bool) {
	owe := func(session string, item newsItem) {
		if k.clients[session] == nil && !ready(session) {
			return
		}
		c := k.client(session)
		if !slices.Contains(c.news, item) {
			c.news = append(c.news, item)
		}
	}
	for _, symbol := range k.order {
		m := k.markets[symbol]
		if i := &m.incident; i.is != i.told && k.now >= i.toldAt+newsEvery {
			i.told, i.toldAt = i.is, k.now
			for _, session := range k.concerned(symbol) {
				owe(session, newsItem{symbol, ofPrice})
			}
		}
		if v := &m.voided; v.is != v.told && k.now >= v.toldAt+newsEvery {
			v.told, v.toldAt = v.is, k.now
			for _, session := range k.concerned(symbol) {
				owe(session, newsItem{symbol, ofBusts})
			}
		}
	}
	for key := range k.regrades {
		if k.now < k.regradedAt[key]+newsEvery {
			continue
		}
		delete(k.regrades, key)
		k.regradedAt[key] = k.now
		if k.mayHear(key.session) {
			owe(key.session, newsItem{key.symbol, ofTerms})
		}
	}
}

// dueNews is the News that a session is owed: at most one of a kind about each market.
func (k *desk) dueNews(session string, c *client) (out []*body) {
	slices.SortFunc(c.news, func(a, b newsItem) int {
		return cmp.Or(strings.Compare(a.symbol, b.symbol), cmp.Compare(a.about, b.about))
	})
	for _, item := range c.news {
		switch m := k.markets[item.symbol]; item.about {
		case ofPrice:
			out = append(out, m.incidentNews())
		case ofBusts:
			out = append(out, m.bustNews())
		case ofTerms:
			out = append(out, m.tierNews(session, k.now))
		}
	}
	c.news = nil
	return out
}

// incidentNews is B about the outside price of a market, as it was last told.
func (m *listed) incidentNews() *body {
	urgency := urgencyFlash
	if m.incident.told == sound {
		urgency = urgencyNormal
	}
	line := m.instrument.Symbol + " market=" + m.state.String()
	if m.cause != perp.RejectNone {
		line += " reason=" + m.cause.String()
	}
	b := newBody("B").time(42, m.incident.since).add(61, urgency).add(148, headlines[m.incident.told]+" "+m.instrument.Symbol)
	return b.group(33, []pair{{58, line}})
}

// bustNews is B that trades of a market were taken back: nobody's in particular, for
// prices that were seen there were no prices. Who dealt them has its 150=H.
func (m *listed) bustNews() *body {
	line := m.instrument.Symbol + " busts=" + strconv.Itoa(m.voided.told) + " yours are told in 150=H, the others stand"
	return newBody("B").time(42, m.voided.since).add(61, urgencyNormal).add(148, headlineBusts+" "+m.instrument.Symbol).group(33, []pair{{58, line}})
}

// tierNews is B about the terms on which a session deals in a market. It says nothing
// of anybody else.
func (m *listed) tierNews(session string, now perp.Time) *body {
	g := m.offers.grades[session]
	_, held := m.offers.of(session, now)
	line := m.instrument.Symbol + " tier=" + strconv.Itoa(int(g.class.Tier)) + " surcharge=" + bps(g.class.Surcharge, false) + "bp last_look=" + onOff(held)
	if g.why != "" {
		line += " reason=" + g.why + " since=" + stamp(g.since)
	}
	b := newBody("B").time(42, now).add(61, urgencyNormal).add(148, headlineTier+" "+m.instrument.Symbol)
	return b.group(33, []pair{{58, line}}).num(22050, int(g.class.Tier)).graded(g)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
