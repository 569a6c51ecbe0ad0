package ops

import (
	"maps"
	"slices"

	"backstop/perp"
)

// Provider is what a liquidity provider quotes to the maker in a market.
type Provider struct {
	Account string          `json:"account"`
	Session string          `json:"session"`
	QuoteID string          `json:"quote_id"`
	Quotes  []ProviderQuote `json:"quotes"` // in the order in which they came
	// Frozen: its protection has taken its quotes away, until Thaw, or, if that is
	// absent, until the client or the desk ends it.
	Frozen bool   `json:"frozen"`
	Thaw   string `json:"frozen_until,omitempty"`
}

// ProviderQuote is one bid or offer of a provider.
type ProviderQuote struct {
	Entry      string `json:"entry_id"`
	Side       string `json:"side"` // of the provider: buy is a bid
	Price      string `json:"price"`
	PriceUnits int64  `json:"price_units"`
	Size       string `json:"size"`
	SizeUnits  int64  `json:"size_units"`
	Until      string `json:"until"`
}

// provided takes in what is stated of a provider. The engine bounds how many there
// are and how much each quotes.
func (m *Model) provided(ev perp.ProviderStated) {
	k := m.markets[ev.Symbol]
	switch {
	case k == nil:
	case len(ev.Quotes) == 0 && !ev.Frozen:
		delete(k.providers, ev.Account)
	default:
		k.providers[ev.Account] = ev
	}
}

// providerViews shows who quotes in a market, by account. A protection that ends by
// itself is over then, though the engine says so only with its next tick.
func (k *market) providerViews(now perp.Time) []Provider {
	all := make([]Provider, 0, len(k.providers))
	for _, account := range slices.Sorted(maps.Keys(k.providers)) {
		p := k.providers[account]
		v := Provider{
			Account: p.Account, Session: p.Session, QuoteID: p.QuoteID, Frozen: p.Frozen && (p.Thaw == 0 || now < p.Thaw),
			Quotes: make([]ProviderQuote, 0, len(p.Quotes)),
		}
		if v.Frozen {
			v.Thaw = stampOf(p.Thaw)
		}
		for _, q := range p.Quotes {
			v.Quotes = append(v.Quotes, ProviderQuote{
				Entry: q.Entry, Side: q.Side.String(), Price: q.Level.Price.String(), PriceUnits: int64(q.Level.Price),
				Size: q.Level.Size.String(), SizeUnits: int64(q.Level.Size), Until: stampOf(q.Until),
			})
		}
		all = append(all, v)
	}
	return all
}
