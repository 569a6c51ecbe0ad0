package quoting

import "backstop/perp"

// Design is how a maker prices. Only Full is for use; the others are what it is
// compared with in the simulator, on the same engine. Configuration cannot name
// them.
type Design uint8

// Designs.
const (
	Full        Design = iota // this package as it is
	Naive                     // x*y=k and a fixed spread: the price moves by trades alone
	Pegged                    // the mid follows the oracle whatever it costs; a fixed spread
	ByReference               // the spreads and gates of the reference vAMM
)

var designNames = [...]string{"full", "naive", "pegged", "reference"}

// String names the design.
func (d Design) String() string {
	if int(d) < len(designNames) {
		return designNames[d]
	}
	return "?"
}

// plain composes the fixed spread of the designs that have no other parts.
func (p *Params) plain() (ask, bid Steps) {
	for i := range stepCount {
		ask[i], bid[i] = p.BaseSpread/2, p.BaseSpread/2
	}
	return ask, bid
}

// floorFor is the least distance from the oracle price; a naive maker knows none.
func (m *Market) floorFor(side perp.Side, price perp.Price) perp.Price {
	if m.Params.Design == Naive {
		return price
	}
	return m.floored(side, price)
}
