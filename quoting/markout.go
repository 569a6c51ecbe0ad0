package quoting

import "backstop/perp"

// markoutsMax bounds the orders that wait to be looked at again, at each horizon;
// beyond it the oldest is looked at before its time (but see Params.OldestFirst).
const markoutsMax = 16_384

// Pending is an order that will be looked at again at each horizon.
type Pending struct {
	OrderID string
	ExecID  string `json:",omitempty"` // empty: it was refused after a hold
	Session string
	Firm    string
	Account string
	Side    perp.Side
	Size    perp.Size
	Arrived perp.Time
	Before  perp.Price // oracle price on arrival
	Seen    perp.Time  // and its source time
	Vol     int64      // variance per second then, 1e-18
	Core    perp.Ratio // half-spread that it met
	Weights [horizons]int64
}

// Markouts are those orders, oldest first. At tells for each horizon how many
// of them have been looked at there.
type Markouts struct {
	Queue []Pending `json:",omitempty"`
	At    [horizons]int
}

// Watched is what a market has to know of an order to look at it again.
type Watched struct {
	OrderID, ExecID        string
	Session, Firm, Account string
	Side                   perp.Side
	Size                   perp.Size
	Notional               perp.Money
	Arrived                perp.Time
	Before                 perp.Price // zero: the present oracle price
	Seen                   perp.Time
	Quoted                 perp.Price // best price that it met
}

// Watch puts an aggressive order among those that are looked at again: one that
// dealt, or one that was refused after a hold, which has no ExecID.
func (m *Market) Watch(w Watched, now perp.Time) {
	if m.Params.Design != Full {
		return
	}
	if w.Before == 0 {
		w.Before, w.Seen = m.Stats.Price, m.Stats.Publish
	}
	if w.Before <= 0 {
		return
	}
	q := Pending{
		OrderID: w.OrderID, ExecID: w.ExecID, Session: w.Session, Firm: w.Firm, Account: w.Account,
		Side: w.Side, Size: w.Size, Arrived: w.Arrived, Before: w.Before, Seen: w.Seen, Vol: m.Stats.perSecond(&m.Params),
		Core: perp.Ratio(mulDivSat(abs(int64(w.Quoted-w.Before)), int64(perp.RatioOne), int64(w.Before))),
	}
	c := m.Sessions.of(w.Session)
	last := &c.Ordered[w.Side-1]
	for h := range Horizons {
		q.Weights[h] = weight(w, h, *last, now)
	}
	*last = now
	if w.ExecID != "" {
		for _, r := range m.both(w.Session, w.Firm) {
			r.Fills = min(r.Fills+1, max(m.Params.Probation, r.Fills))
		}
	}
	m.Markouts.Queue = append(m.Markouts.Queue, q)
}

// weight is how much an order counts at a horizon, Q10: small ones less, and
// those less whose window overlaps with that of the one before.
func weight(w Watched, horizon int, last, now perp.Time) int64 {
	size := min(max(int64(w.Notional/fullOrder)*one10/int64(perp.MoneyOne), weightLeast), one10)
	least := int64(weightLeast)
	if horizon >= shortHorizons {
		least = one10 / 50
	}
	apart := int64(one10)
	if last > 0 {
		apart = min(max(mulDivSat(int64(now-last), one10, int64(Horizons[horizon])), least), one10)
	}
	v := size * apart / one10
	if w.ExecID == "" {
		v /= rejectShare
	}
	return max(v, 1)
}

// Ripen looks at the orders whose time has come by the source time of the
// accepted price and learns from them. What it returns is good until it is
// called again.
func (m *Market) Ripen(now perp.Time) []perp.MarkedOut {
	q := &m.Markouts
	m.marked = m.marked[:0]
	for h, span := range Horizons {
		bounded := horizons - 1
		if m.Params.OldestFirst {
			bounded = h
		}
		for q.At[h] < len(q.Queue) {
			p := &q.Queue[q.At[h]]
			early := len(q.Queue)-q.At[bounded] > markoutsMax
			if p.Arrived+span > m.Stats.Publish && !early {
				break
			}
			m.marked = append(m.marked, m.judge(p, h, now))
			q.At[h]++
		}
	}
	if done := q.At[horizons-1]; done > 64 && done > len(q.Queue)/2 || done == len(q.Queue) {
		q.drop(done)
	}
	return m.marked
}

// drop forgets the orders that are done with.
func (q *Markouts) drop(done int) {
	n := copy(q.Queue, q.Queue[done:])
	clear(q.Queue[n:])
	q.Queue = q.Queue[:n]
	for h := range q.At {
		q.At[h] -= done
	}
}

// judge compares the price now with what it was when the order came: in standard
// deviations of what it may move by itself in the time between, and as a cost
// beyond the part of the half-spread that a benign order would have brought.
func (m *Market) judge(p *Pending, horizon int, now perp.Time) perp.MarkedOut {
	price := m.Stats.Price
	move := p.Side.Sign() * mulDivSat(int64(price-p.Before), returnOne, int64(p.Before)) // 1e-9
	dev := max(1, root(mulDivSat(p.Vol, int64(max(m.Stats.Publish-p.Seen, Horizons[horizon])), int64(perp.Second))))
	z := min(max(mulDivSat(move, one10, dev), -zMax), zMax)
	core := int64(p.Core) * rateOne
	e := min(max(move/toRate, -rateMax), rateMax) - core*pastCore/100
	ahead := horizon < shortHorizons && m.Params.StrikeSpan > 0 && move/toRate > core+2*dev/toRate
	rosters := [2]*Roster{&m.Sessions, &m.Firms}
	for i, c := range m.both(p.Session, p.Firm) {
		c.learn(&m.Params, horizon, p.Weights[horizon], z, e, now)
		if ahead && p.ExecID != "" {
			rosters[i].strike(c, now+m.Params.StrikeSpan)
		}
		if ahead && horizon == 0 {
			c.strike(&m.Params, now)
		}
	}
	return perp.MarkedOut{
		OrderID: p.OrderID, ExecID: p.ExecID, Session: p.Session, Account: p.Account, Symbol: m.Instrument.Symbol,
		Side: p.Side, Size: p.Size, Horizon: Horizons[horizon], Before: p.Before, After: price,
		Move: perp.Ratio(move / (returnOne / int64(perp.RatioOne))),
	}
}
