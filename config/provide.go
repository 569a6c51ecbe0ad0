package config

import (
	"fmt"
	"time"

	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// MarketLayOff says when the maker lays inventory off to liquidity providers; see
// quoting.Params.
type MarketLayOff struct {
	// From is the leverage from which it does, To down to which; a From of 0 takes no
	// quotes.
	From perp.Ratio `toml:"from" min:"0" max:"100"`
	To   perp.Ratio `toml:"to" min:"0" max:"100"`
	// Within is how far from the outside price a quote may be.
	Within perp.Ratio `toml:"within_bps" unit:"bps" min:"0.01" max:"1000"`
}

// AccountProtection takes the quotes of a liquidity provider away when too much was
// dealt on them within Window; see risk.Protection.
type AccountProtection struct {
	Fills    int           `toml:"fills" min:"1" max:"1000"`
	Size     perp.Size     `toml:"size" min:"0" max:"1000000000"`
	Notional perp.Money    `toml:"notional" min:"0" max:"1000000000000"`
	Window   time.Duration `toml:"window" min:"1ms" max:"24h"`
	CoolOff  time.Duration `toml:"cool_off" min:"0s" max:"24h"`
}

func (l *MarketLayOff) setDefaults() {
	p := quoting.DefaultParams()
	*l = MarketLayOff{From: p.LayOffFrom, To: p.LayOffTo, Within: p.LayOffWithin}
}

func (p *AccountProtection) setDefaults() {
	d := risk.DefaultProtection()
	*p = AccountProtection{Fills: int(d.Fills), Window: time.Duration(d.Window)}
}

// protection is what risk knows of it: zero if nothing is asked for.
func (p AccountProtection) protection() risk.Protection {
	full := risk.Protection{
		Fills: int64(p.Fills), Size: p.Size, Notional: p.Notional, Window: perp.Time(p.Window), Cool: perp.Time(p.CoolOff),
	}
	if full == risk.DefaultProtection() {
		return risk.Protection{}
	}
	return full
}

// layOff refuses a distance at which a provider could load the maker with orders of
// its own and be paid for taking it off again.
func (k *checker) layOff(path string, m *Market) {
	at := path + ".lay_off.within_bps"
	if most := m.Quote.MinHalf + m.Risk.TakerFee; m.LayOff.From > 0 && m.LayOff.Within > most && !k.atFault(at) {
		k.fault(at, Problem{
			What: "a provider could load the maker with orders of its own and gain by its quotes",
			Hint: fmt.Sprintf("at most min_half_bps and taker_fee_bps together, here %s of the price", most),
		})
	}
}
