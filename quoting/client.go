package quoting

import "backstop/perp"

// Roster is the record of each client of a market, in order of appearance.
type Roster struct {
	Clients []Client `json:",omitempty"`
	index   map[string]int
	class   []*class // of each client by its place, as far as sessions trade for it
}

// find returns the place of a client, which it makes if there is none.
func (r *Roster) find(key string) int {
	if r.index == nil {
		r.index = make(map[string]int, len(r.Clients))
		for i := range r.Clients {
			r.index[r.Clients[i].Key] = i
		}
	}
	i, known := r.index[key]
	if !known {
		i = len(r.Clients)
		r.Clients = append(r.Clients, Client{Key: key})
		r.index[key] = i
	}
	return i
}

func (r *Roster) of(key string) *Client { return &r.Clients[r.find(key)] }

// Standing is how a session's orders are treated now.
type Standing struct {
	Class  perp.Class
	Struck bool // a fill that the price ran away from: held for a while
	Until  perp.Time
	New    bool // has not shown enough fills
	Score  perp.Ratio
}

// Review judges a session by its own record and by those of the firms that it
// trades for; the worst counts. It changes tiers as time and evidence do.
func (m *Market) Review(session string, firms []string, now perp.Time) (s Standing) {
	p := &m.Params
	if p.Design != Full {
		return s
	}
	judge := func(c *Client) {
		w := c.weigh(p, now)
		c.review(p, &w, now)
		s.Class = worse(s.Class, c.terms(p, &w))
		s.Until = max(s.Until, c.Struck)
		s.New = s.New || c.Fills < p.Probation
		s.Score = max(s.Score, perp.Ratio(w.most*int64(perp.RatioOne)/one10))
	}
	g := m.group(session, firms)
	judge(&m.Sessions.Clients[g.session])
	for _, x := range g.classes {
		for _, i := range x.members {
			judge(&m.Firms.Clients[i])
		}
	}
	s.Struck = now < s.Until
	return s
}

// Standing is how a session's orders are treated now, by the class that it was
// last told and by the strikes against it.
func (m *Market) Standing(session string, firms []string, now perp.Time) Standing {
	g := m.group(session, firms)
	c := &m.Sessions.Clients[g.session]
	s := Standing{Class: c.Class, Until: c.Struck}
	for _, x := range g.classes {
		s.Until = max(s.Until, m.Firms.struck(x))
	}
	s.Struck = now < s.Until
	return s
}

// Regrade sets the terms that a session is quoted on and tells whether they
// changed, and whether there is a strike that it was not told of. The former
// class stays good for the grace.
func (m *Market) Regrade(session string, s Standing, now perp.Time) (from perp.Class, changed, struck bool) {
	c := m.Sessions.of(session)
	from, struck = c.Class, s.Struck && s.Until != c.Told
	if struck {
		c.Told = s.Until
	}
	if s.Class == from && c.Seated {
		return from, false, struck
	}
	c.Class, c.Former, c.Regrade, c.Seated = s.Class, from, now, true
	m.seated = false
	return from, true, struck
}

// Explain keeps what decided about a session, and when, for doors that start later.
func (m *Market) Explain(session, why string, now perp.Time) {
	c := m.Sessions.of(session)
	c.Ruled, c.RuledAt = why, now
}

// Reaches tells whether a limit deals with anybody's quote, or with what the
// maker unloads.
func (m *Market) Reaches(side perp.Side, limit perp.Price) bool {
	for i := range m.Offers {
		if l, offered := m.Offers[i].Quote.Best(side); offered && (limit-l.Price)*perp.Price(side.Sign()) >= 0 {
			return true
		}
	}
	_, unloads := m.Unload(side, m.Instrument.Lot, limit)
	return unloads
}

// Entitled tells whether a session may deal on a quote that was made for a
// class: its own, or the one that it had until a moment ago.
func (m *Market) Entitled(session string, class perp.Class, now perp.Time) bool {
	c := m.Sessions.of(session)
	return class == c.Class || class == c.Former && now < c.Regrade+m.Params.Grace
}

// ClassOf is the class that a session is quoted on.
func (m *Market) ClassOf(session string) perp.Class { return m.Sessions.of(session).Class }

// seat makes an offer for each class in use and drops those that nobody is
// quoted on any more, once their ids are of no use. The first offer is that of
// the zero class. Doing it once more changes nothing.
func (m *Market) seat() {
	if m.seated && len(m.Offers) > 0 {
		return
	}
	if len(m.Offers) == 0 {
		m.Offers = append(m.Offers, Offer{})
	}
	for i := range m.Offers {
		m.Offers[i].idle = i > 0
	}
	for i := range m.Sessions.Clients {
		c := &m.Sessions.Clients[i]
		if !c.Seated {
			continue
		}
		if o := m.OfferTo(c.Class); o != nil {
			o.idle = false
		} else {
			m.Offers = append(m.Offers, Offer{Quote: perp.Quote{Class: c.Class}})
		}
	}
	m.seated = true
	kept := m.Offers[:1]
	for _, o := range m.Offers[1:] {
		if !o.idle || o.Quote.Version != 0 || len(o.Formers) > 0 {
			kept = append(kept, o)
			m.seated = m.seated && !o.idle
		}
	}
	clear(m.Offers[len(kept):])
	m.Offers = kept
}

// Dealt records an aggressive fill in the fill buckets of a client.
func (m *Market) Dealt(session string, firms []string, notional perp.Money, now perp.Time) {
	cap, g := m.bucket(), m.group(session, firms)
	c := &m.Sessions.Clients[g.session]
	c.leak(cap, now)
	c.Dealt = perp.Add(c.Dealt, notional)
	for _, x := range g.classes {
		m.Firms.leak(x, cap, notional, now)
	}
}

// Room is what a client may still deal at once, in quote; beyond it orders are
// held, or refused where there is no last look. The bucket holds FillBucket best
// levels and empties in a second.
func (m *Market) Room(session string, firms []string, now perp.Time) perp.Money {
	cap := m.bucket()
	if cap == 0 {
		return perp.Money(leverageTop) * perp.MoneyOne
	}
	g := m.group(session, firms)
	c := &m.Sessions.Clients[g.session]
	c.leak(cap, now)
	most := c.Dealt
	for _, x := range g.classes {
		m.Firms.leak(x, cap, 0, now)
		most = max(most, x.most)
	}
	return max(0, cap-most)
}

func (m *Market) bucket() perp.Money {
	p := &m.Params
	if p.FillBucket == 0 || p.Design != Full {
		return 0
	}
	top := mulDivSat(int64(max(m.Equity, 0)), int64(p.TopShare), int64(perp.RatioOne))
	return perp.Money(mulDivSat(top, int64(p.FillBucket), int64(perp.RatioOne)))
}

func (c *Client) leak(cap perp.Money, now perp.Time) {
	c.Dealt, c.Leaked = max(0, c.Dealt-leaked(cap, c.Leaked, now)), now
}

// leaked is what leaves a bucket in a time, at most; rounded down.
func leaked(cap perp.Money, from, to perp.Time) perp.Money {
	return perp.Money(mulDivSat(int64(cap), int64(max(0, to-from)), int64(perp.Second)))
}

// both are the records of a session and of one firm.
func (m *Market) both(session, firm string) []*Client {
	m.scratch = append(m.scratch[:0], m.Sessions.of(session), m.Firms.of(firm))
	return m.scratch
}
