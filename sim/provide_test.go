package sim_test

import "backstop/perp"

// provide is what an account quotes to the maker: mostly around the price, seldom
// something that is refused, or nothing.
func (w *moneyWorld) provide(key, account, symbol string, rest int) perp.Command {
	price, tick := w.price[symbol], perp.PriceOne/100
	level := func(away perp.Price, size int) perp.Level {
		p := max(tick, price+away*price/1_000)
		return perp.Level{Price: p - p%tick, Size: perp.Size(size) * perp.SizeOne / 10}
	}
	c := perp.ProvideQuotes{Origin: perp.Origin{Session: account, InSeq: int64(w.n)}, QuoteID: key, Account: account, Reset: rest%5 == 0}
	for i := range 1 + rest%3 {
		c.Entries = append(c.Entries, perp.ProvidedQuote{
			Set: "1", ID: key, Symbol: symbol, Bid: level(perp.Price(-1-i-rest%4), rest%97*10), Ask: level(perp.Price(1+i+rest%3), rest%89*10),
		})
	}
	return c
}
