package quoting

import "backstop/perp"

// Undoable tells whether the curve can take a fill back: what clients would hold
// then stays inside of its bounds, in which every other inventory is.
func (m *Market) Undoable(side perp.Side, size perp.Size) bool {
	return !m.Curve.L.IsZero() && size <= m.Curve.Depth(side.Opposite(), m.Params.Concentration)
}

// Undo takes a fill back, which must be Undoable: the inventory is what it would be
// without it, and equity bears what the price has moved since, as it would have
// without the fill. The fee goes back too. It is no flow that quotes follow and no
// loss of late that closes the market: nobody dealt. So that it does not move the
// mid either, the reserves are re-centred at once, as a tick would (vAMM reference
// §3), within the budget.
func (m *Market) Undo(side perp.Side, size perp.Size, price perp.Price, fee perp.Money) {
	stats := m.Stats
	m.move(side.Opposite(), size, price, -fee)
	if m.Params.Design != Naive && m.Params.Design != ByReference {
		before := m.Curve.Closing()
		m.pay(m.recentre(), before)
	}
	m.Stats = stats
}
