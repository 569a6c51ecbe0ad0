package quoting

import (
	"github.com/holiman/uint256"

	"backstop/perp"
)

// exposure is the net position of the clients that the maker bears itself: what
// it has not laid off.
func (m *Market) exposure() perp.Size {
	return perp.Size(addSat(int64(m.Curve.Users), -int64(m.Hedged)))
}

// Reduces tells whether dealing on a side brings the maker closer to flat.
func (m *Market) Reduces(side perp.Side) bool { return perp.Size(side.Sign())*m.exposure() < 0 }

// leverage is the value of the maker's exposure over its equity; as large as
// can be told when there is no equity.
func (m *Market) leverage() perp.Ratio {
	if m.Equity <= 0 {
		return perp.Ratio(leverageTop)
	}
	value := mulDivSat(abs(int64(m.exposure())), int64(m.Stats.Price), int64(perp.SizeOne))
	return perp.Ratio(min(leverageTop, mulDivSat(value, int64(perp.RatioOne), int64(m.Equity))))
}

// afford is how much base so much of the equity is worth at the oracle price.
func (m *Market) afford(share perp.Ratio) perp.Size {
	funds := mulDivSat(int64(max(m.Equity, 0)), int64(share), int64(perp.RatioOne))
	return perp.Size(mulDivSat(funds, int64(perp.SizeOne), int64(m.Stats.Price)))
}

// room is how much clients may deal on a side: what brings the maker to its
// leverage cap, and half of what the curve has open on that side (§1).
func (m *Market) room(side perp.Side) perp.Size {
	most := m.afford(m.Params.LeverageCap)
	held := perp.Size(side.Sign()) * m.exposure() // growing with the trade
	room := perp.Size(addSat(int64(most), -int64(held)))
	return m.lots(max(0, min(room, m.Curve.Depth(side, m.Params.Concentration)/2)))
}

// top is the size of the best level: a share of equity, less as leverage
// grows on the side that loads the maker. Relief is what the second level has
// on top on the side that unloads it; the best price stays that of a small size.
func (m *Market) top(side perp.Side, tier perp.Tier) (size, relief perp.Size) {
	p := &m.Params
	size = m.afford(p.TopShare)
	held := perp.Size(side.Sign()) * m.exposure()
	if held < 0 {
		relief = perp.Size(mulDivSat(-int64(held), int64(p.UnloadShare), int64(perp.RatioOne)))
	} else {
		size = perp.Size(mulDivSat(int64(size), int64(p.LeverageCap-min(m.leverage(), p.LeverageCap)), int64(p.LeverageCap)))
	}
	if m.Phase != perp.Open {
		size = perp.Size(mulDivSat(int64(size), int64(p.WideShare), int64(perp.RatioOne)))
		relief = perp.Size(mulDivSat(int64(relief), int64(p.WideShare), int64(perp.RatioOne)))
	}
	size, relief = size/tierParts[tier], relief/tierParts[tier]
	if held < 0 { // with no equity left the smallest order can still unload
		size = max(size, min(-held, m.least()))
	}
	return size, relief
}

// tierParts is into how many parts a size is cut, one of which a tier is offered.
var tierParts = [perp.TierEnd]perp.Size{1, 2, 4, 4}

// least is the smallest level worth showing: what an order must have.
func (m *Market) least() perp.Size { return max(m.Instrument.Lot, m.Instrument.MinSize) }

func (m *Market) lots(s perp.Size) perp.Size { return s - s%m.Instrument.Lot }

// ladder appends the levels of the side that a client's order of side deals
// on, best first, no more than room; each is the next slice of the curve. Impact is
// the price of the first one before it is moved away from the oracle price and to
// the tick.
func (m *Market) ladder(side perp.Side, room perp.Size, away perp.Ratio, tier perp.Tier, out []perp.Level) (_ []perp.Level, impact perp.Price) {
	size, relief := m.top(side, tier)
	c, at := m.cut(side, away), m.Curve.baseAfter(0)
	var done perp.Size
	for i := range m.Params.Levels {
		n := min(m.lots(size), room-done)
		if n < m.least() {
			break
		}
		next := m.Curve.baseAfter(perp.Size(side.Sign()) * (done + n))
		along := c.price(&at, &next)
		if i == 0 {
			impact = along
		}
		price := m.rounded(side, m.floorFor(side, along))
		if len(out) > 0 {
			price = m.beyond(side, price, out[len(out)-1].Price)
		}
		if !m.inBand(side, price) {
			break
		}
		out = append(out, perp.Level{Price: price, Size: n})
		at = next
		done += n
		size = perp.Size(mulDivSat(int64(size), int64(m.Params.LevelGrowth), int64(perp.RatioOne)))
		if i == 0 {
			size = perp.Size(addSat(int64(size), int64(relief)))
		}
	}
	return out, impact
}

// slice is the average price along the curve of what lies between two depths
// of a side, scaled by the distance of that side. The cash of the slice is
// L*L*g*(1/b2 - 1/b1), so its price per base is L*L*g/(b1*b2): no reserve is
// rounded on the way (vAMM reference §2, "Gateway"). Rounded for the maker.
func (m *Market) slice(side perp.Side, from, to perp.Size, away perp.Ratio) perp.Price {
	sign := perp.Size(side.Sign())
	c, b1, b2 := m.cut(side, away), m.Curve.baseAfter(sign*from), m.Curve.baseAfter(sign*to)
	return c.price(&b1, &b2)
}

// cut is what all slices of a side have in common: L*L*g times the distance.
type cut struct {
	cash uint256.Int
	up   bool // rounded up
}

func (m *Market) cut(side perp.Side, away perp.Ratio) (c cut) {
	factor := perp.RatioOne + perp.Ratio(side.Sign())*away
	if factor <= 0 {
		return cut{} // nothing is worth anything
	}
	g, k := signed(int64(m.Curve.Peg)), signed(int64(factor))
	c.cash.Mul(&m.Curve.L.Int, &m.Curve.L.Int) // at most 70 bits each, so that all of it fits 256
	c.cash.Mul(&c.cash, &g)
	c.cash.Mul(&c.cash, &k)
	c.up = side == perp.Buy
	return c
}

// price is that of the slice between two base reserves.
func (c *cut) price(b1, b2 *uint256.Int) perp.Price {
	var below, cash, rest uint256.Int
	below.Mul(b1, b2)
	below.Mul(&below, &one6)
	cash.DivMod(&c.cash, &below, &rest)
	if c.up && !rest.IsZero() {
		cash.AddUint64(&cash, 1)
	}
	return perp.Price(saturate(&cash))
}

// floored keeps the least distance from the oracle price, rounded outwards: a
// client never buys below it or sells above it.
func (m *Market) floored(side perp.Side, price perp.Price) perp.Price {
	o := m.Stats.Price
	if side == perp.Buy {
		return max(price, o+o.Of(m.Params.MinHalf, perp.Ceil))
	}
	return min(price, o-o.Of(m.Params.MinHalf, perp.Ceil))
}

// rounded moves a price to the tick, for the maker.
func (m *Market) rounded(side perp.Side, price perp.Price) perp.Price {
	tick := m.Instrument.Tick
	down := price - price%tick
	if side == perp.Sell || down == price || price > PriceMax*2 {
		return max(0, down)
	}
	return down + tick
}

// beyond keeps each level at least one tick worse than the one before.
func (m *Market) beyond(side perp.Side, price, before perp.Price) perp.Price {
	if side == perp.Buy {
		return max(price, before+m.Instrument.Tick)
	}
	return min(price, before-m.Instrument.Tick)
}

// inBand tells whether a price may be offered at all.
func (m *Market) inBand(side perp.Side, price perp.Price) bool {
	if m.Params.Design == Naive {
		return price > 0
	}
	o := m.Stats.Price
	wide := o.Of(m.Params.Band, perp.Floor)
	if side == perp.Buy {
		return price > o && price <= o+wide
	}
	return price > 0 && price < o && price >= o-wide
}

// parts appends what explains the best level of a side: the oracle price, then
// what each stage added; the parts add up to its price exactly because each is
// the difference of two prices in a row. Impact is what ladder returned with it.
func (m *Market) parts(side perp.Side, mid perp.Price, away *Steps, impact perp.Price, best perp.Level, out []perp.Component) []perp.Component {
	var at perp.Price
	add := func(name string, to perp.Price) {
		out = append(out, perp.Component{Name: name, Amount: to - at})
		at = to
	}
	add("oracle", m.Stats.Price)
	add("recentre", mid)
	for i, d := range away {
		add(stepNames[i], mid+perp.Price(side.Sign())*mid.Of(d, perp.Trunc))
	}
	add("impact", impact)
	add("floor", m.floorFor(side, at))
	add("rounding", best.Price)
	return out
}
