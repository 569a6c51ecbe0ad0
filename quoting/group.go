package quoting

import (
	"slices"

	"backstop/perp"
)

// group is what an order of a session touches: its own record, and those of all
// firms that it trades for, by classes, of which there is mostly one.
type group struct {
	firms   []string
	session int // its place in Sessions
	classes []*class
}

// class is firms that the same sessions trade for. A fill counts in the buckets of
// all of them or of none, so what their records become of it is worked out once:
// an order costs the same for however many firms its session trades. A bucket
// that leaks and is filled becomes max(least, dealt + shift), whatever it was; that
// is put into the records when somebody reads or divides them.
type class struct {
	members []int    // their places in Firms
	groups  []*group // whose orders touch them
	least   perp.Money
	shift   perp.Money
	leaked  perp.Time  // of all of them
	most    perp.Money // in the fullest bucket
	until   perp.Time  // when the last strike of all of them ends
	even    bool       // Leaked is one for all of them
	stale   bool       // until is to be found again
}

// group is that of a session. A list of firms has none of them twice, and must not
// change while it is used: classes are kept with it, and made anew with another one.
func (m *Market) group(session string, firms []string) *group {
	g := m.groups[session]
	if g != nil && len(g.firms) == len(firms) && (len(firms) == 0 || &g.firms[0] == &firms[0]) {
		return g
	}
	if g != nil { // The accounts are others now.
		m.Firms.settle()
		m.Firms.class, m.groups = nil, nil
	}
	if m.groups == nil {
		m.groups = map[string]*group{}
	}
	g = m.divide(session, firms)
	m.groups[session] = g
	return g
}

// divide makes the group of a session that had none, and divides the classes of
// which it trades for some firms and not for others.
func (m *Market) divide(session string, firms []string) *group {
	g, r := &group{firms: firms, session: m.Sessions.find(session)}, &m.Firms
	parts := map[*class]*class{}
	var from []*class
	for _, f := range firms {
		i := r.find(f)
		for len(r.class) < len(r.Clients) {
			r.class = append(r.class, nil)
		}
		old := r.class[i]
		if parts[old] == nil {
			parts[old] = &class{}
			from = append(from, old)
		}
		parts[old].members = append(parts[old].members, i)
	}
	for _, old := range from {
		part := parts[old]
		if old != nil && len(part.members) == len(old.members) {
			part = old
		} else {
			r.part(old, part)
		}
		part.groups, g.classes = append(part.groups, g), append(g.classes, part)
	}
	return g
}

// part takes members out of the class that they were in, if any, into a new one.
func (r *Roster) part(old, part *class) {
	for _, i := range part.members {
		r.class[i] = part
	}
	if old != nil {
		r.bring(old)
		old.members = slices.DeleteFunc(old.members, func(i int) bool { return r.class[i] == part })
		part.groups = slices.Clone(old.groups)
		for _, g := range part.groups {
			g.classes = append(g.classes, part)
		}
		r.look(old)
	}
	r.look(part)
}

// look finds what the records of a class have in common.
func (r *Roster) look(c *class) {
	c.even, c.most, c.leaked = true, 0, r.Clients[c.members[0]].Leaked
	for _, i := range c.members {
		c.even = c.even && r.Clients[i].Leaked == c.leaked
		c.most = max(c.most, r.Clients[i].Dealt)
	}
	c.stale = true
}

// leak lets the buckets of a class leak and fills them; cap as in Client.leak.
func (r *Roster) leak(c *class, cap, filled perp.Money, now perp.Time) {
	if !c.even { // The first time: from then on all of them have leaked up to one moment.
		for _, i := range c.members {
			x := &r.Clients[i]
			x.leak(cap, now)
			x.Dealt = perp.Add(x.Dealt, filled)
		}
		r.look(c)
		return
	}
	gone := leaked(cap, c.leaked, now)
	c.most = perp.Add(max(0, c.most-gone), filled)
	c.least = max(0, c.least-gone) + filled
	c.shift = perp.Money(addSat(addSat(int64(c.shift), -int64(gone)), int64(filled)))
	c.leaked = now
}

// bring puts into the records of a class what became of them.
func (r *Roster) bring(c *class) {
	if !c.even {
		return
	}
	for _, i := range c.members {
		x := &r.Clients[i]
		x.Dealt, x.Leaked = max(c.least, x.Dealt+c.shift), c.leaked
	}
	c.least, c.shift = 0, 0
}

// CatchUp puts into the records of clients what became of them. It comes before a
// market is written as JSON, and changes nothing else.
func (m *Market) CatchUp() { m.Firms.settle() }

// settle brings all classes.
func (r *Roster) settle() {
	for _, c := range r.class {
		if c != nil && (c.least != 0 || c.shift != 0 || c.even && r.Clients[c.members[0]].Leaked != c.leaked) {
			r.bring(c)
		}
	}
}

// struck is when the last strike of a class ends.
func (r *Roster) struck(c *class) perp.Time {
	if c.stale {
		c.until, c.stale = 0, false
		for _, i := range c.members {
			c.until = max(c.until, r.Clients[i].Struck)
		}
	}
	return c.until
}

// strike holds the orders of a client until then.
func (r *Roster) strike(x *Client, until perp.Time) {
	if i, known := r.index[x.Key]; known && i < len(r.class) && r.class[i] != nil {
		c := r.class[i]
		c.stale = c.stale || x.Struck == c.until && until < x.Struck
		c.until = max(c.until, until)
	}
	x.Struck = until
}
