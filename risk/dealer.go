package risk

import "backstop/perp"

// MakerFacts is what the maker's own limits depend on in one market.
type MakerFacts struct {
	Limits    MarketLimits
	Inventory perp.Size // the maker's net position: minus that of all clients
	Long      perp.Size // sum of the clients' long positions
	Short     perp.Size // sum of the clients' short positions, as a positive number
	Client    perp.Size // position of the account that asks
	Equity    perp.Money
	Oracle    perp.Price
}

// Dealer says whether the maker may take a client's order of this side and
// size: open interest first, then its leverage.
func Dealer(f MakerFacts, side perp.Side, size perp.Size) perp.Verdict {
	if room := f.interestRoom(side); size > room {
		return perp.Verdict{Reject: perp.OILimit, Need: int64(size), Have: int64(room), Detail: "open interest"}
	}
	if room := f.leverageRoom(side); size > room {
		return perp.Verdict{Reject: perp.DealerLeverage, Need: int64(size), Have: int64(room), Detail: "maker leverage"}
	}
	return perp.Verdict{}
}

// Room is the largest order of this side that Dealer lets pass.
func Room(f MakerFacts, side perp.Side) perp.Size {
	return min(f.interestRoom(side), f.leverageRoom(side))
}

// interestRoom is what the client's side may grow, after the client's own
// opposite position, whose closing adds no open interest.
func (f MakerFacts) interestRoom(side perp.Side) perp.Size {
	open, closing := f.Long, max(0, -f.Client)
	if side == perp.Sell {
		open, closing = f.Short, max(0, f.Client)
	}
	return perp.Add(closing, max(0, perp.Sub(f.Limits.OpenInterest, open)))
}

// leverageRoom is how far the inventory may move against a client's side: to
// flat always, and beyond it while its value stays within leverage times
// equity. The bound rounds down, for the maker's safety.
func (f MakerFacts) leverageRoom(side perp.Side) perp.Size {
	away := f.Inventory // how much of the move only brings it closer to flat
	if side == perp.Sell {
		away = -away
	}
	var bound perp.Size
	if f.Equity > 0 && f.Oracle > 0 {
		funds := saturateDown(perp.Size(f.Equity), int64(f.Limits.MakerLeverage), int64(perp.RatioOne))
		bound = perp.Size(saturateDown(perp.Size(funds), int64(perp.SizeOne), int64(f.Oracle)))
	}
	return max(0, perp.Add(away, bound))
}
