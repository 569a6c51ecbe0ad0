package fix

import (
	"slices"

	"backstop/perp"
)

// holding names a position.
type holding struct{ account, symbol string }

// note takes in, at the moment of encoding, what later messages of the same
// batch need: who an account's sessions are, and its positions.
func (k *desk) note(ev perp.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch ev := ev.(type) {
	case perp.AccountOpened:
		k.sessions[ev.Account] = slices.Clone(ev.Sessions)
	case perp.PositionChanged:
		if key := (holding{ev.Account, ev.Symbol}); ev.Size != 0 {
			k.positions[key] = perp.Position{Size: ev.Size, Entry: ev.EntryNotional}
		} else {
			delete(k.positions, key)
		}
	case perp.Deleveraged:
		k.against = holding{ev.Against, ev.Symbol}
	}
}

// deleveraged is the token of an order that closed a good position against one
// in liquidation.
const deleveraged = "DELEVERAGED"

// closing says why the gateway made an order: to liquidate its account or, for
// the first one of the other side after a Deleveraged, to deleverage it.
func (k *desk) closing(o perp.Order) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.against == (holding{o.Account, o.Symbol}) {
		k.against, k.deleverage = holding{}, o.OrderID
	}
	if o.OrderID == k.deleverage {
		return deleveraged
	}
	return perp.LiquidationCancel.String()
}

// sessionsOf returns the sessions of a client account; the maker has none.
func (k *desk) sessionsOf(account string) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sessions[account]
}

func (k *desk) positionOf(account, symbol string) perp.Position {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.positions[holding{account, symbol}]
}

// holders lists the clients with a position in a market, sorted.
func (k *desk) holders(symbol string) (accounts []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key := range k.positions {
		if key.symbol == symbol && key.account != perp.Maker {
			accounts = append(accounts, key.account)
		}
	}
	slices.Sort(accounts)
	return accounts
}

// currency is that of the money of all accounts; empty before the first market.
func (k *desk) currency() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.order) == 0 {
		return ""
	}
	return k.markets[k.order[0]].instrument.Currency
}

// requestID names a request that the engine has not answered.
type requestID struct {
	session string
	inSeq   int64
}

func idOf(o perp.Origin) requestID { return requestID{o.Session, o.InSeq} }

// inquiry is what an answer to AD repeats of the request. There are no more of
// them than requests in the inbox.
type inquiry struct{ kind, symbol string }

// answered returns what the request asked for, once.
func (k *desk) answered(o perp.Origin) inquiry {
	k.mu.Lock()
	defer k.mu.Unlock()
	q, ok := k.asked[idOf(o)]
	if !ok {
		return inquiry{kind: "0"}
	}
	delete(k.asked, idOf(o))
	return q
}
