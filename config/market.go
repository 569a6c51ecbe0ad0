package config

import (
	"fmt"

	"backstop/perp"
)

// Market is one instrument and how the maker quotes it.
type Market struct {
	Symbol string `toml:"symbol" need:"yes"`
	// Currency is that of prices, margin and settlement.
	Currency string `toml:"currency" oneof:"USDC"`
	// Tick and Lot are the steps of prices and sizes; their product is whole
	// Money, so that the cash of every fill is exact.
	Tick     perp.Price `toml:"tick" need:"yes" min:"0.000001" max:"1000000"`
	Lot      perp.Size  `toml:"lot" need:"yes" min:"0.000000001" max:"1000000"`
	MinOrder perp.Size  `toml:"min_order" min:"0.000000001"`
	MaxOrder perp.Size  `toml:"max_order" need:"yes" min:"0.000000001"`
	// Inject is what is done to the reports of a certification market on their way.
	Inject string `toml:"inject" oneof:"none|gap|duplicate|silent"`

	Oracle  MarketOracle  `toml:"oracle"`
	Quote   MarketQuote   `toml:"quote"`
	Funding MarketFunding `toml:"funding"`
	Vamm    MarketVamm    `toml:"vamm"`
	Risk    MarketRisk    `toml:"risk"`

	Toxicity MarketToxicity `toml:"toxicity"`
	LayOff   MarketLayOff   `toml:"lay_off"`
}

func (m *Market) setDefaults() { *m = Market{Currency: "USDC", Inject: injectNone} }

// Instrument is what clients must know of the market.
func (m Market) Instrument() perp.Instrument {
	return perp.Instrument{
		Symbol: m.Symbol, Currency: m.Currency, Tick: m.Tick, Lot: m.Lot,
		MinSize: m.MinOrder, MaxSize: m.MaxOrder,
	}
}

func (k *checker) markets() {
	seen := map[string]string{}
	for i := range k.c.Markets {
		path := fmt.Sprintf("market[%d]", i)
		m := &k.c.Markets[i]
		k.name(path+".symbol", m.Symbol)
		k.unique(seen, path+".symbol", m.Symbol)
		k.rules(path, m)
		k.layOff(path, m)
		if m.Tick > 0 && m.Lot > 0 { // otherwise it is already reported
			k.steps(path, m)
		}
	}
}

// steps checks that prices and sizes fit each other.
func (k *checker) steps(path string, m *Market) {
	if !wholeMoney(m.Tick, m.Lot) {
		k.fault(path+".lot", Problem{
			What:    fmt.Sprintf("tick %s times lot %s is not a whole 0.000001 %s", m.Tick, m.Lot, m.Currency),
			Allowed: "steps whose product has at most six decimal places",
		})
	}
	if m.MinOrder%m.Lot != 0 {
		k.fault(path+".min_order", Problem{What: fmt.Sprintf("min_order %s is not a multiple of lot %s", m.MinOrder, m.Lot)})
	}
	if m.MaxOrder%m.Lot != 0 {
		k.fault(path+".max_order", Problem{What: fmt.Sprintf("max_order %s is not a multiple of lot %s", m.MaxOrder, m.Lot)})
	}
	if m.MaxOrder > 0 && m.MinOrder > m.MaxOrder {
		k.fault(path+".min_order", Problem{What: fmt.Sprintf("min_order %s is above max_order %s", m.MinOrder, m.MaxOrder)})
	}
}
