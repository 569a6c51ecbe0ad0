package risk

import "backstop/perp"

// reducible is what an order of the asking side may close.
func (q *query) reducible() perp.Size { return Reducible(q.e.Position.Size, q.o.Side) }

// Reducible is how much of a position an order of this side closes.
func Reducible(position perp.Size, side perp.Side) perp.Size {
	return max(0, -position*perp.Size(side.Sign()))
}

// later tells that an order is at no risk yet: what a stop lets go is judged
// when it is set off.
func (q *query) later() bool { return q.o.Type.Stops() && !q.f.Triggered }

// missingCondition names a condition that the kind of order needs.
func (q *query) missingCondition() string {
	switch {
	case q.o.TIF == perp.GTD && q.o.Expires == 0:
		return "126"
	case q.o.Type.Stops() && q.o.Stop == 0 && !q.flawed(perp.BadTick) && !q.flawed(perp.PriceBand):
		return "99"
	}
	return ""
}

// oddConditions tells whether conditions do not go with the order or with each
// other.
func (q *query) oddConditions() bool {
	o := q.o
	switch {
	case o.Expires != 0 && o.TIF != perp.GTD,
		o.PostOnly && (o.Type != perp.Limit || !o.TIF.Waits()),
		(o.Stop != 0 || o.Trigger != 0) && !o.Type.Stops(),
		o.Slippage != 0 && o.Type != perp.Market && o.Type != perp.Stop,
		o.Reduce > perp.Closing, o.Trigger > perp.TriggerMaker, o.Slippage < 0, o.Stop < 0, o.MinSize < 0:
		return true
	}
	return false
}

func (q *query) expired() (need, have int64, refuse bool) {
	return 0, 0, q.o.TIF == perp.GTD && q.o.Expires <= q.f.Now
}

func (q *query) badMinimum() (need, have int64, refuse bool) {
	lot := q.f.Instrument.Lot
	return int64(lot), int64(q.o.MinSize), q.o.MinSize%lot != 0
}

func (q *query) minimumTooLarge() (need, have int64, refuse bool) {
	return int64(q.o.MinSize), int64(q.o.Size), q.o.MinSize > q.o.Size
}

func (q *query) badStop() (need, have int64, refuse bool) {
	return int64(q.f.Instrument.Tick), int64(q.o.Stop), q.o.Type.Stops() && (q.o.Stop <= 0 || q.o.Stop%q.f.Instrument.Tick != 0)
}

func (q *query) marketable() (need, have int64, refuse bool) {
	return 0, 0, q.o.PostOnly && q.f.Marketable
}

// notThere refuses a closing order without a position of its size.
func (q *query) notThere() (need, have int64, refuse bool) {
	have = int64(q.reducible())
	need = int64(q.o.Size - q.dealt)
	return need, have, q.o.Reduce == perp.Closing && (have == 0 || need > have)
}

// triggerLadder holds the guards that a stop order meets when it is set off.
var triggerLadder = pick(
	perp.MarketHalted, perp.OracleStale, perp.OracleDivergent, perp.Drawdown, perp.ReduceOnlyMode,
	perp.PositionLimit, perp.NotionalLimit, perp.InsufficientMargin, perp.CollateralCap, perp.OILimit, perp.DealerLeverage,
)

// Trigger judges a stop order that is set off, as a new order that deals at once.
// f.Portfolio does not count it yet, but among the number of orders.
func Trigger(o perp.Order, f Facts) perp.Verdict {
	f.Triggered = true
	p := perp.PlaceOrder{
		Account: o.Account, Symbol: o.Symbol, Side: o.Side, Type: o.Type, TIF: o.TIF, Size: o.Size, Price: o.Price, Conditions: o.Conditions,
	}
	return newQuery(p, f, o.Leaves()).walk(triggerLadder)
}

// fixedCondition names a condition that a change asks for and that orders keep
// for good, or never have.
func fixedCondition(asked perp.Conditions, old perp.Order) string {
	switch {
	case asked.PostOnly && !old.PostOnly, asked.Tied && !old.Tied, asked.Reduce == perp.Reducing && old.Reduce == 0:
		return "ExecInst"
	case asked.Reduce == perp.Closing && old.Reduce != perp.Closing:
		return "PositionEffect"
	case asked.Trigger != 0 && asked.Trigger != max(old.Trigger, perp.TriggerOracle):
		return "TriggerPxType"
	case asked.Slippage != 0 && asked.Slippage != old.Slippage:
		return "MaxSlippageBps"
	case asked.Expires != 0 && old.TIF != perp.GTD:
		return "ExpireTime"
	case asked.Stop != 0 && !old.Type.Stops():
		return "StopPx"
	}
	return ""
}
