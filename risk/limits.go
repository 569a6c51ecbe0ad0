package risk

import (
	"errors"
	"fmt"

	"backstop/perp"
)

// MarketLimits are the risk parameters of one market, the same for all
// accounts. DefaultMarketLimits is a working set.
type MarketLimits struct {
	// TakerFee is the part of the notional that a client pays for a fill,
	// rounded up. Zero: no fee. Default 0.0005 (5 bp). Too high drives clients
	// away; too low does not pay for re-centring.
	TakerFee perp.Ratio
	// InitialMargin is the collateral that opening needs, per notional, in whole
	// basis points. Zero is refused. Default 0.05 (20x). Too low: accounts go
	// bankrupt between two prices.
	InitialMargin perp.Ratio
	// MaintenanceMargin is the collateral below which an account is in danger, in
	// whole basis points; below InitialMargin. Zero is refused. Default 0.03.
	MaintenanceMargin perp.Ratio
	// SizePremium raises the margin ratio with the square root of the size in
	// base units (vAMM reference §10 rule 1, "imf"). Zero: the same ratio for
	// every size. Default 0.001. Too low: one account can become too large to close.
	SizePremium perp.Ratio
	// ProfitCap is the most unrealised or unsettled profit of one position that
	// counts as collateral for opening. Zero: none counts. Default 100 quote. Too
	// high: a price pushed up for a moment can be borrowed against.
	ProfitCap perp.Money
	// ProfitDiscount lowers how much of a profit counts, with the square root of
	// the profit (reference §10 rule 3). Zero: no discount. Default 0.
	ProfitDiscount perp.Ratio
	// OrderReserve is the margin that each working order needs on its own. Zero:
	// orders cost nothing to keep. Default 0.01 quote.
	OrderReserve perp.Money
	// PriceBand is how far through the oracle price a limit may reach on its
	// aggressive side. Zero: not at all. Default 0.05. Too wide: a slipped finger
	// deals through the whole ladder; passive limits are not bound by it.
	PriceBand perp.Ratio
	// MaxPosition is the largest position of one account, open orders included,
	// unless its own limits name another. Zero is refused. Default 1,000 base.
	MaxPosition perp.Size
	// OpenInterest is the largest sum of all clients' positions of a side. Zero:
	// nobody may open. Default 10,000 base.
	OpenInterest perp.Size
	// MakerLeverage is the largest value of the maker's inventory per equity.
	// Zero: the maker takes only what brings it closer to flat. Default 5. Too
	// high: one jump of the price takes all its funds.
	MakerLeverage perp.Ratio
	// MaxImbalance is what all clients together may be owed at the oracle price
	// before profits count less for opening: beyond it the weight falls in
	// proportion (vAMM reference §9.5). Zero: no such limit. Default 250,000 quote.
	MaxImbalance perp.Money
	// LiquidationBuffer is by how much, of the notional, an account must be above
	// maintenance before its liquidation ends. Default 0.02.
	LiquidationBuffer perp.Ratio
	// LiquidationFee is what a liquidated account pays to the insurance, per
	// notional, as far as it can bear it. Default 0.005.
	LiquidationFee perp.Ratio
	// LiquidationStart is the part of a shortage that may be cured at once, and
	// LiquidationSpan the time after which all of it may. Default 0.1, 60 s. Too
	// fast: the curve is swept at a bad price. Too slow: the loss grows meanwhile.
	LiquidationStart perp.Ratio
	LiquidationSpan  perp.Time
	// LiquidationDust is the shortage, or the position value, below which there is
	// no pacing. Default 50 quote.
	LiquidationDust perp.Money
	// SettleEvery is how often claims become cash on schedule. Default 60 s.
	SettleEvery perp.Time
}

// DefaultMarketLimits are the defaults named at the fields.
func DefaultMarketLimits() MarketLimits {
	return MarketLimits{
		TakerFee: 5 * perp.BP, InitialMargin: 500 * perp.BP, MaintenanceMargin: 300 * perp.BP, SizePremium: 10 * perp.BP,
		ProfitCap: 100 * perp.MoneyOne, OrderReserve: perp.MoneyOne / 100, PriceBand: 500 * perp.BP,
		MaxPosition: 1_000 * perp.SizeOne, OpenInterest: 10_000 * perp.SizeOne, MakerLeverage: 5 * perp.RatioOne,
		MaxImbalance: 250_000 * perp.MoneyOne, LiquidationBuffer: 200 * perp.BP, LiquidationFee: 50 * perp.BP,
		LiquidationStart: perp.RatioOne / 10, LiquidationSpan: 60 * perp.Second, LiquidationDust: 50 * perp.MoneyOne,
		SettleEvery: 60 * perp.Second,
	}
}

// Validate returns every rule that the limits break.
func (l MarketLimits) Validate() error {
	var errs []error
	check := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	check(l.TakerFee >= 0 && l.TakerFee < perp.RatioOne, "TakerFee must be at least 0 and below 1")
	check(l.InitialMargin > 0 && l.InitialMargin <= perp.RatioOne, "InitialMargin must be above 0 and at most 1")
	check(l.InitialMargin%perp.BP == 0, "InitialMargin must be whole basis points (0.0001)")
	check(l.MaintenanceMargin > 0 && l.MaintenanceMargin < l.InitialMargin, "MaintenanceMargin must be above 0 and below InitialMargin")
	check(l.MaintenanceMargin%perp.BP == 0, "MaintenanceMargin must be whole basis points (0.0001)")
	check(l.SizePremium >= 0 && l.SizePremium <= perp.RatioOne, "SizePremium must be between 0 and 1")
	check(l.ProfitCap >= 0, "ProfitCap must not be negative")
	check(l.ProfitDiscount >= 0 && l.ProfitDiscount <= perp.RatioOne, "ProfitDiscount must be between 0 and 1")
	check(l.OrderReserve >= 0, "OrderReserve must not be negative")
	check(l.PriceBand >= 0 && l.PriceBand < perp.RatioOne, "PriceBand must be at least 0 and below 1")
	check(l.MaxPosition > 0 && l.MaxPosition <= sizeMax, "MaxPosition must be above 0 and at most "+sizeMax.String())
	check(l.OpenInterest >= 0 && l.OpenInterest <= sizeMax, "OpenInterest must be at least 0 and at most "+sizeMax.String())
	check(l.MakerLeverage >= 0 && l.MakerLeverage <= leverageMax, "MakerLeverage must be between 0 and "+leverageMax.String())
	check(l.MaxImbalance >= 0, "MaxImbalance must not be negative")
	check(l.LiquidationBuffer >= 0 && l.LiquidationBuffer <= l.InitialMargin, "LiquidationBuffer must be between 0 and InitialMargin")
	check(l.LiquidationFee >= 0 && l.LiquidationFee <= l.MaintenanceMargin, "LiquidationFee must be between 0 and MaintenanceMargin")
	check(l.LiquidationStart > 0 && l.LiquidationStart <= perp.RatioOne, "LiquidationStart must be above 0 and at most 1")
	check(l.LiquidationSpan >= 0 && l.LiquidationSpan <= spanMax, "LiquidationSpan must be between 0 and a day")
	check(l.LiquidationDust >= 0, "LiquidationDust must not be negative")
	check(l.SettleEvery >= perp.Second && l.SettleEvery <= spanMax, "SettleEvery must be between a second and a day")
	return errors.Join(errs...)
}

// spanMax is the longest span that a limit may name.
const spanMax = 24 * 3600 * perp.Second

// Bounds that keep every sum and product of the checks inside their types.
const (
	sizeMax     perp.Size  = 1_000_000_000 * perp.SizeOne
	leverageMax perp.Ratio = 1_000 * perp.RatioOne
)

// Limits bound one account over all markets. DefaultLimits is a working set.
type Limits struct {
	// OpenOrders is the most working orders at a time. Zero is refused. Default
	// 500. At the limit no order of any type is taken; cancels work.
	OpenOrders int64
	// Notional is the largest sum of position values at the oracle price, open
	// orders included, over all markets. Zero is refused. Default 25,000,000 quote.
	Notional perp.Money
	// Positions names, for some markets, another largest position than the
	// market's own. A size of zero: the account may only reduce there.
	Positions []PositionLimit `json:",omitempty"`
	// OrderLeverage is the value of one order that grows a position, in multiples
	// of the account's collateral. Default 20; zero: any.
	OrderLeverage perp.Ratio `json:",omitempty"`
	// Slippage is how much worse than the best level a market or stop order may
	// deal, unless it says so itself. Default 0.05; zero: any.
	Slippage perp.Ratio `json:",omitempty"`
}

// PositionLimit is the largest position of an account in one market.
type PositionLimit struct {
	Symbol string
	Size   perp.Size
}

// DefaultLimits are the defaults named at the fields.
func DefaultLimits() Limits {
	return Limits{OpenOrders: 500, Notional: 25_000_000 * perp.MoneyOne, OrderLeverage: 20 * perp.RatioOne, Slippage: 500 * perp.BP}
}

// Validate returns every rule that the limits break.
func (l Limits) Validate() error {
	var errs []error
	if l.OpenOrders <= 0 || l.OpenOrders > openOrdersMax {
		errs = append(errs, fmt.Errorf("limit OpenOrders must be above 0 and at most %d", int64(openOrdersMax)))
	}
	if l.Notional <= 0 {
		errs = append(errs, errors.New("limit Notional must be above 0"))
	}
	if l.OrderLeverage < 0 || l.OrderLeverage > leverageMax {
		errs = append(errs, fmt.Errorf("limit OrderLeverage must be between 0 and %s", leverageMax))
	}
	if l.Slippage < 0 || l.Slippage > perp.RatioOne {
		errs = append(errs, errors.New("limit Slippage must be between 0 and 1"))
	}
	for i, p := range l.Positions {
		if p.Symbol == "" || p.Size < 0 || p.Size > sizeMax {
			errs = append(errs, fmt.Errorf("limit Positions: %q must name a market and a size between 0 and %s", p.Symbol, sizeMax))
		}
		for _, q := range l.Positions[:i] {
			if q.Symbol == p.Symbol {
				errs = append(errs, fmt.Errorf("limit Positions: %q stands twice", p.Symbol))
			}
		}
	}
	return errors.Join(errs...)
}

const openOrdersMax = 100_000

// position is the account's largest position in a market.
func (l Limits) position(symbol string, market MarketLimits) perp.Size {
	for _, p := range l.Positions {
		if p.Symbol == symbol {
			return p.Size
		}
	}
	return market.MaxPosition
}

// Account is who trades: a ledger account, the sessions (CompIDs) that may use
// it, and its limits.
type Account struct {
	Name     string
	Firm     string `json:",omitempty"` // whose it is: what its fills show is kept by firm; empty: Name
	Sessions []string
	Limits   Limits
	// Protection is for what it quotes as a liquidity provider.
	Protection Protection `json:",omitzero"`
}

// Validate returns every rule that the account breaks.
func (a Account) Validate() error {
	var errs []error
	if a.Name == "" || a.Name == perp.Maker || a.Name == perp.Outside {
		errs = append(errs, fmt.Errorf("account name %q is empty or reserved", a.Name))
	}
	for _, s := range a.Sessions {
		if s == "" {
			errs = append(errs, errors.New("a session of the account has no name"))
		}
	}
	errs = append(errs, a.Limits.Validate(), a.Protection.Validate())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("account %q: %w", a.Name, err)
	}
	return nil
}
