package risk

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"backstop/perp"
)

// Protection takes the quotes of a liquidity provider away in a market in which
// too much was dealt on them within Window (market-maker protection), until it
// says that it goes on, or Cool is over. The zero value is DefaultProtection.
type Protection struct {
	// Fills, Size and Notional are the most that may be dealt within Window; the
	// fill that reaches one of them is the last. Zero: no such limit, except that
	// Fills is then DefaultProtection's. Default 50 fills.
	Fills    int64      `json:",omitempty"`
	Size     perp.Size  `json:",omitempty"`
	Notional perp.Money `json:",omitempty"`
	// Window is the time in which is counted. Zero: the default, 1 s.
	Window perp.Time `json:",omitempty"`
	// Cool is after how long it may quote again by itself. Zero, the default: only
	// after it says so.
	Cool perp.Time `json:",omitempty"`
}

// fillsMax is the most fills that a window may count, because each is kept.
const fillsMax = 1_000

// DefaultProtection is what a provider has that names nothing.
func DefaultProtection() Protection { return Protection{Fills: 50, Window: perp.Second} }

// Full is p with the defaults in the place of what it does not name.
func (p Protection) Full() Protection {
	d := DefaultProtection()
	if p.Fills == 0 {
		p.Fills = d.Fills
	}
	if p.Window == 0 {
		p.Window = d.Window
	}
	return p
}

// Validate returns every rule that the protection breaks.
func (p Protection) Validate() error {
	var errs []error
	if p.Fills < 0 || p.Fills > fillsMax {
		errs = append(errs, fmt.Errorf("protection Fills must be between 0 and %d", int64(fillsMax)))
	}
	if p.Size < 0 || p.Size > sizeMax {
		errs = append(errs, fmt.Errorf("protection Size must be between 0 and %s", sizeMax))
	}
	if p.Notional < 0 {
		errs = append(errs, errors.New("protection Notional must not be negative"))
	}
	if p.Window < 0 || p.Window > spanMax || p.Cool < 0 || p.Cool > spanMax {
		errs = append(errs, errors.New("protection Window and Cool must be between 0 and a day"))
	}
	return errors.Join(errs...)
}

// Dealt is one fill on a provider's quotes.
type Dealt struct {
	At       perp.Time
	Size     perp.Size
	Notional perp.Money
}

// Counts returns the fills that still count, the newest last.
func (p Protection) Counts(fills []Dealt, now perp.Time) []Dealt {
	window := p.Full().Window
	for len(fills) > 0 && now-fills[0].At >= window {
		fills = fills[1:]
	}
	return fills
}

// Trips decides after a fill whether the protection acts. It returns the fills that
// still count; the verdict says what reached its limit.
func (p Protection) Trips(fills []Dealt, now perp.Time) ([]Dealt, perp.Verdict) {
	p, fills = p.Full(), p.Counts(fills, now)
	var size perp.Size
	var value perp.Money
	for _, f := range fills {
		size, value = upwards(size, f.Size), upwards(value, f.Notional)
	}
	v := perp.Verdict{Reject: perp.MMPFrozen}
	switch {
	case int64(len(fills)) >= p.Fills:
		v.Detail = "fills=" + strconv.Itoa(len(fills))
	case p.Size > 0 && size >= p.Size:
		v.Detail = "size=" + size.String()
	case p.Notional > 0 && value >= p.Notional:
		v.Detail = "notional=" + value.String()
	default:
		v.Reject = perp.RejectNone
	}
	return fills, v
}

// upwards adds what is not negative, up to the largest number: many fills of a market
// whose unit is worth little are more than any limit, and no fault.
func upwards[T ~int64](a, b T) T {
	if b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}

// provideLadder is what each side of a provider's quote must pass when it comes.
var provideLadder = pick(
	perp.UnknownSymbol, perp.MarketHalted, perp.OracleStale, perp.OracleDivergent, perp.UnknownAccount, perp.AccountNotPermitted,
	perp.BadLot, perp.MinQty, perp.MaxOrderSize, perp.BadTick, perp.PriceBand,
)

// nothingLadder is what an entry must pass that offers nothing: it may take quotes
// away in every state of the market.
var nothingLadder = pick(perp.UnknownSymbol, perp.UnknownAccount, perp.AccountNotPermitted)

// dealLadder is what its account must bear at the moment at which it is dealt on.
var dealLadder = pick(
	perp.MarketHalted, perp.OracleStale, perp.OracleDivergent, perp.Drawdown, perp.ReduceOnlyMode, perp.PositionLimit, perp.NotionalLimit,
	perp.InsufficientMargin, perp.OILimit, perp.DealerLeverage,
)

// Provide judges one entry of a provider's quotes, with the flaws that the door
// found in it. What its account can bear is judged when it is dealt on.
func Provide(session, account string, x perp.ProvidedQuote, f Facts) (v perp.Verdict) {
	order := perp.PlaceOrder{Origin: perp.Origin{Session: session}, Account: account, Symbol: x.Symbol, Type: perp.Limit, TIF: perp.GTC}
	if x.Bid.Size == 0 && x.Ask.Size == 0 {
		return newQuery(order, f, 0).walk(nothingLadder).Worse(x.First())
	}
	for _, side := range []perp.Side{perp.Buy, perp.Sell} {
		l := x.Bid
		if side == perp.Sell {
			l = x.Ask
		}
		if l.Size == 0 {
			continue
		}
		order.Side, order.Size, order.Price = side, l.Size, l.Price
		v = v.Worse(newQuery(order, f, l.Size).walk(provideLadder))
	}
	if v.OK() && x.Bid.Size > 0 && x.Ask.Size > 0 && x.Bid.Price >= x.Ask.Price {
		v = perp.Verdict{Reject: perp.QuoteCrossed, Need: int64(x.Ask.Price), Have: int64(x.Bid.Price), Detail: "bid"}
	}
	return v.Worse(x.First())
}

// Deal judges whether the account of a provider bears a fill now.
func Deal(o perp.Order, f Facts) perp.Verdict {
	return newQuery(perp.PlaceOrder{
		Account: o.Account, Symbol: o.Symbol, Side: o.Side, Type: perp.Limit, TIF: perp.GTC, Size: o.Size, Price: o.Price,
	}, f, o.Size).walk(dealLadder)
}
