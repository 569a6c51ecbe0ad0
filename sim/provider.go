package sim

import "backstop/perp"

// The liquidity provider of a scenario that has one: it quotes both sides of the price
// that the oracle is about to say, a part of what the maker has, and goes on after its
// protection acted.
const (
	providerName  = "lp1"
	providerFills = 20
	providerShare = perp.RatioOne / 20 // of the maker's funds, each side and tick
)

// provide sends what the provider quotes before a tick.
func (t *trial) provide(price perp.Price, now perp.Time) error {
	away := t.scenario.Provided
	if away == 0 {
		return nil
	}
	half := price.Of(away, perp.Floor)
	bid, ask := price-half, price+half
	bid -= bid % t.tick
	ask += (t.tick - ask%t.tick) % t.tick
	funds := int64(trialFunds) * int64(providerShare) / int64(perp.RatioOne)
	size := perp.Size(perp.MulDiv(funds, int64(perp.SizeOne), int64(price), perp.Floor))
	size -= size % t.lot
	if bid <= 0 || bid >= ask || size == 0 {
		return nil
	}
	t.provides++
	return t.apply(perp.ProvideQuotes{
		Origin: perp.Origin{Session: providerName, InSeq: t.provides, Arrival: trialStart + now}, QuoteID: "lp", Account: providerName, Reset: true,
		Entries: []perp.ProvidedQuote{{Set: "1", ID: "1", Symbol: trialSymbol, Bid: perp.Level{Price: bid, Size: size}, Ask: perp.Level{Price: ask, Size: size}}},
	}, now)
}
