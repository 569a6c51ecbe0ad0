package quoting

import (
	"errors"
	"fmt"

	"backstop/perp"
)

// Limits of what parameters may say.
const (
	levelsMax   = 20
	PriceMax    = 9_000_000 * perp.PriceOne // a price above it is not believed; averages keep six more digits
	leverageMax = 100 * perp.RatioOne
	spanMax     = 7 * 24 * 3600 * perp.Second
)

// Params tunes the maker of one market. Ratios are 1e-6 (1 bp is 100), spans
// are nanoseconds. DefaultParams is a sound start; the zero Params is refused.
type Params struct {
	// Design is Full; see there.
	Design Design `json:",omitempty"`

	// BaseSpread is the full spread in a calm market. Too small and ordinary
	// takers win on average; too wide and nobody trades. 5 bp.
	BaseSpread perp.Ratio
	// MaxSpread caps the full spread, unless the market itself moves more (M of
	// vAMM reference §4). Half of it is also how far the mid may stay behind the
	// oracle when re-centring is not affordable. 500 bp.
	MaxSpread perp.Ratio
	// MinHalf is the least distance of any price from the oracle price. It is
	// what makes a round trip at an unchanged oracle lose. 1 bp; never 0.
	MinHalf perp.Ratio
	// Band is how far from the oracle a level may lie; what would lie outside
	// is not offered. 10 %.
	Band perp.Ratio

	// Levels a side. 5.
	Levels int
	// TopShare of equity is the size of the best level. 2.5 %.
	TopShare perp.Ratio
	// UnloadShare of the inventory is added from the second level on, on the
	// side on which the maker unloads. 10 %; 0 adds nothing.
	UnloadShare perp.Ratio
	// LevelGrowth is the size of each level in sizes of the one before. 1.5;
	// less than 1 would make depth shrink.
	LevelGrowth perp.Ratio
	// Depth is L x price in multiples of equity: how flat the curve is. 300
	// moves the price by 1.7 bp over a best level of 2.5 % of equity.
	Depth int64
	// DepthStep is the most by which L follows equity and price at a time, and
	// DepthEvery how long it then rests; the cost is booked. 1 %, 60 s; a zero
	// step leaves L as it was when the market opened.
	DepthStep  perp.Ratio
	DepthEvery perp.Time
	// DepthVol is the volatility per square root of a second above which depth
	// shrinks in proportion. 5 bp; 0: depth does not depend on it.
	DepthVol perp.Ratio
	// Concentration c bounds the curve to base reserves within 1/c and c of the
	// terminal one (§1). 1.02071.
	Concentration perp.Ratio

	// LeverageCap is inventory value over equity at which nothing that loads
	// the maker is offered. 3.
	LeverageCap perp.Ratio
	// LeverageSoft is where the loading side begins to widen, LeverageWiden by
	// how many times it has widened at the cap (0: not). 0.5, 4.
	LeverageSoft  perp.Ratio
	LeverageWiden perp.Ratio
	// InventoryWiden is how many standard deviations over a minute the loading
	// side adds when leverage reaches LeverageSoft. 1; 0 adds nothing.
	InventoryWiden perp.Ratio
	// UnloadRelief is the part of its half-spread that the unloading side gives
	// up there, down to MinHalf. 60 %; 0 gives nothing.
	UnloadRelief perp.Ratio
	// FlowWiden is how many standard deviations over ten seconds flow that comes
	// wholly from one side adds to that side. 0.5; 0 adds nothing.
	FlowWiden perp.Ratio
	// OffsetMax shifts both quotes with the inventory at the cap: up while
	// clients are long, so that unloading is cheap. 5 bp; 0 turns it off.
	OffsetMax perp.Ratio
	// RetreatLoss is the recent net loss, as a share of equity, from which
	// spreads retreat (§4 step 6). 25e-6; 0 turns it off.
	RetreatLoss perp.Ratio

	// VolFloor is the least volatility believed, per square root of a second.
	// 0.5 bp.
	VolFloor perp.Ratio
	// VolMultiple is how many standard deviations over the age of the price
	// each side keeps away. 2.
	VolMultiple perp.Ratio
	// Half-lives: of fast and slow variance, of the short and the slow average
	// price, of confidence, of flow and of recent revenue.
	VolFast, VolSlow      perp.Time
	ShortSpan, IndexSpan  perp.Time
	ConfSpan, RevenueSpan perp.Time
	FlowSpan, DaySpan     perp.Time

	// Trust in the price; see Guard. Of each three the first widens, the next
	// makes reduce-only, the last halts. Ages grow with the feed: at least 2, 4
	// and 10 times Lag plus the usual interval between ticks.
	WideAge, ReduceAge, HaltAge    perp.Time
	WideDiverge, ReduceDiverge     perp.Ratio
	HaltDiverge                    perp.Ratio
	WideConf, HaltConf, HaltTravel perp.Ratio // HaltTravel: from the short average
	// JumpSigmas is how many standard deviations between two ticks are a jump,
	// at least JumpFloor. 6, 5 bp.
	JumpSigmas perp.Ratio
	JumpFloor  perp.Ratio
	// Lag is the usual way from source to gateway, Beat the interval between
	// ticks assumed before any is known, BeatMax the longest one believed: a
	// larger one lets slow feeds quote, at the risk of older prices: 10 times
	// it, and the lag, until a halt. 150 ms, 100 ms, 2 s.
	Lag, Beat, BeatMax perp.Time
	// FutureMax is how far ahead of the gateway a source's clock may be. 1 s.
	FutureMax perp.Time
	// SourcesMin is how many live sources a tick needs. 1.
	SourcesMin int64
	// GoodTicks in a row and GoodSpan are what leaving a bad state takes.
	GoodTicks int
	GoodSpan  perp.Time
	// WideWiden multiplies spreads, and WideShare sizes, in a wide market.
	WideWiden, WideShare perp.Ratio

	// Funding: the premium of the quoted mid over the oracle is averaged with the
	// half-life FundingSpan; with FundingBase it is the rate per day, at most
	// FundingMax either way; it is booked every FundingEvery. 1 h, 0.02 %, 3 %,
	// 1 h. A FundingMax of 0 turns funding off.
	FundingSpan, FundingEvery perp.Time
	FundingBase, FundingMax   perp.Ratio

	// LastLook says whose aggressive orders wait for a price that is newer than
	// they are, LookTolerance which part of the quoted half-spread the price may
	// move in the client's favour meanwhile; half of it for TierHeld, none for the
	// tiers beyond. Tiered; 1.
	LastLook      LookMode
	LookTolerance perp.Ratio

	// FirmAge is the age of the price up to which quotes are firm for anybody:
	// beyond it every aggressive order waits for a newer one, and in return the
	// half-spread does not grow further with the age. 1 s; 0: no bound. Longer:
	// whoever knows the price of slow feeds earlier takes the difference.
	FirmAge perp.Time

	// What a client's fills looked like later decides how it is treated (pricing:
	// "Markouts", "Tiers"). ToxHalfLife is how fast evidence fades with time,
	// ToxMemory with further full fills. 15 min, 64. Longer: a change of habits is
	// noticed late, either way.
	ToxHalfLife perp.Time
	ToxMemory   int64
	// OldestFirst: of more orders than may wait to be looked at again, the oldest are
	// looked at early, at each horizon by itself. Without it, as in journals from before,
	// all of them are at once, and a flood of orders hides what each of them knew. True.
	OldestFirst bool `json:",omitempty"`
	// SurchargeMax is the most that a client's half-spread grows, in steps of
	// SurchargeStep, so that many clients share a stream. 25 bp, 1 bp; a
	// SurchargeMax of 0 turns it off.
	SurchargeMax, SurchargeStep perp.Ratio
	// Probation is how many fills a client has to show before its quotes are firm.
	// 30; 0: everybody begins with firm quotes.
	Probation int64
	// StrikeSpan is how long orders are held after one fill that the price ran
	// away from, TierDwell how long a better tier waits. 60 s, 60 s; a zero
	// StrikeSpan turns strikes off.
	StrikeSpan, TierDwell perp.Time

	// FillBucket is how many best levels a client may deal in a second. 2; 0: any.
	FillBucket perp.Ratio
	// Improve is the part of the way from the published price to the mid, less
	// MinHalf, that an order gets which brings the maker closer to flat. 50 %; 0:
	// none. RestFrom is the leverage from which such orders are also taken when
	// they rest between the quotes. 0.15.
	Improve, RestFrom perp.Ratio
	// HedgeFrom is the leverage from which inventory is laid off outside, HedgeTo
	// down to which. 0.15, 0.075 where there is a venue; a HedgeFrom of 0, the
	// default, wants nothing.
	HedgeFrom, HedgeTo perp.Ratio
	// LayOffFrom is the leverage from which inventory is laid off to liquidity
	// providers, LayOffTo down to which, and LayOffWithin how far from the oracle
	// price their quotes may be. 0.10, 0.05 and 2 bp where there are providers; a
	// LayOffFrom of 0, the default, takes no quotes. What is further away than it
	// costs to load the maker, MinHalf and the fee, could be turned against it.
	LayOffFrom, LayOffTo, LayOffWithin perp.Ratio `json:",omitempty"`
	// The market only reduces while it has lately lost more than DrawdownLoss and
	// more than DrawdownShare of its equity. 10,000 quote, 2 %; a zero
	// DrawdownLoss turns it off.
	DrawdownLoss  perp.Money
	DrawdownShare perp.Ratio
	// FundingShift is the most, as a part of the half-spread that the price alone
	// needs, by which the funding rate moves both quotes against the crowded side.
	// 50 %; 0: none.
	FundingShift perp.Ratio

	// TTL is how long a quote may be dealt on, Grace how long its ids remain
	// good after a newer quote replaced it. 1 s, 50 ms.
	TTL, Grace perp.Time
}

// DefaultParams is a maker for a liquid perpetual with a feed of several ticks
// a second.
func DefaultParams() Params {
	const bp, one, ms, second = perp.BP, perp.RatioOne, perp.Millisecond, perp.Second
	return Params{
		BaseSpread: 5 * bp, MaxSpread: 500 * bp, MinHalf: bp, Band: one / 10,
		Levels: 5, TopShare: one / 40, UnloadShare: one / 10, LevelGrowth: 3 * one / 2,
		Depth: 300, DepthStep: one / 100, DepthEvery: 60 * second, DepthVol: 5 * bp, Concentration: 1_020_710,
		LeverageCap: 3 * one, LeverageSoft: one / 2, LeverageWiden: 4 * one, InventoryWiden: one,
		UnloadRelief: 6 * one / 10, FlowWiden: one / 2,
		OffsetMax: 5 * bp, RetreatLoss: 25,
		VolFloor: bp / 2, VolMultiple: 2 * one,
		VolFast: 10 * second, VolSlow: 300 * second, ShortSpan: 300 * second, IndexSpan: 3600 * second,
		ConfSpan: 10 * second, RevenueSpan: 3600 * second, FlowSpan: 60 * second, DaySpan: 24 * 3600 * second,
		WideAge: 400 * ms, ReduceAge: 2 * second, HaltAge: 5 * second,
		WideDiverge: 10 * bp, ReduceDiverge: 30 * bp, HaltDiverge: 100 * bp,
		WideConf: 20 * bp, HaltConf: 200 * bp, HaltTravel: one / 10,
		JumpSigmas: 6 * one, JumpFloor: 5 * bp,
		Lag: 150 * ms, Beat: 100 * ms, BeatMax: 2 * second, FutureMax: second, SourcesMin: 1,
		GoodTicks: 3, GoodSpan: 500 * ms, WideWiden: 3 * one / 2, WideShare: one / 2,
		FundingSpan: 3600 * second, FundingEvery: 3600 * second, FundingBase: 2 * bp, FundingMax: 300 * bp,
		LastLook: LookTiered, LookTolerance: one, FirmAge: second,
		ToxHalfLife: 900 * second, ToxMemory: 64, OldestFirst: true, SurchargeMax: 25 * bp, SurchargeStep: bp,
		Probation: 30, StrikeSpan: 60 * second, TierDwell: 60 * second,
		FillBucket: 2 * one, Improve: one / 2, RestFrom: 15 * one / 100, LayOffTo: perp.RatioOne / 20, LayOffWithin: 2 * perp.BP, HedgeTo: 75 * one / 1000,
		DrawdownLoss: 10_000 * perp.MoneyOne, DrawdownShare: one / 50, FundingShift: one / 2,
		TTL: second, Grace: 50 * ms,
	}
}

// Validate names every parameter that lies outside its range.
func (p Params) Validate() error {
	var faults []error
	check := func(ok bool, rule string) {
		if !ok {
			faults = append(faults, errors.New(rule))
		}
	}
	within := func(v, lo, hi perp.Ratio, name string) {
		check(v >= lo && v <= hi, fmt.Sprintf("%s must be between %s and %s", name, lo, hi))
	}
	span := func(v, lo, hi perp.Time, name string) {
		check(v >= lo && v <= hi, fmt.Sprintf("%s must be between %d and %d ns", name, lo, hi))
	}
	const one = perp.RatioOne
	within(p.BaseSpread, 2, one, "BaseSpread")
	within(p.MaxSpread, p.BaseSpread+1, one, "MaxSpread")
	within(p.MinHalf, 1, one/2, "MinHalf")
	within(p.Band, p.MinHalf+1, one/2, "Band")
	check(p.Levels >= 1 && p.Levels <= levelsMax, fmt.Sprintf("Levels must be between 1 and %d", levelsMax))
	within(p.TopShare, 1, one, "TopShare")
	within(p.UnloadShare, 0, one, "UnloadShare")
	within(p.LevelGrowth, one, 10*one, "LevelGrowth")
	check(p.Depth >= 1 && p.Depth <= 1_000_000, "Depth must be between 1 and 1000000")
	within(p.DepthStep, 0, one/2, "DepthStep")
	span(p.DepthEvery, perp.Second, spanMax, "DepthEvery")
	within(p.DepthVol, 0, one/10, "DepthVol")
	within(p.Concentration, one+1, 1_414_200, "Concentration")
	within(p.LeverageCap, 1, leverageMax, "LeverageCap")
	within(p.LeverageSoft, 0, p.LeverageCap-1, "LeverageSoft")
	within(p.LeverageWiden, 0, leverageMax, "LeverageWiden")
	within(p.InventoryWiden, 0, leverageMax, "InventoryWiden")
	within(p.OffsetMax, 0, p.MaxSpread/2, "OffsetMax")
	within(p.RetreatLoss, 0, one, "RetreatLoss")
	within(p.VolFloor, 1, one/10, "VolFloor")
	within(p.VolMultiple, 0, 20*one, "VolMultiple")
	within(p.UnloadRelief, 0, one, "UnloadRelief")
	within(p.FlowWiden, 0, leverageMax, "FlowWiden")
	for i, v := range []perp.Time{
		p.VolFast, p.VolSlow, p.ShortSpan, p.IndexSpan, p.ConfSpan, p.RevenueSpan, p.FlowSpan, p.DaySpan,
	} {
		span(v, perp.Second, spanMax, []string{
			"VolFast", "VolSlow", "ShortSpan", "IndexSpan", "ConfSpan", "RevenueSpan", "FlowSpan", "DaySpan",
		}[i])
	}
	p.validateTrust(within, span, check)
	return errors.Join(faults...)
}

// validateTrust is the part of Validate about the guard and the quote's life.
func (p Params) validateTrust(
	within func(v, lo, hi perp.Ratio, name string), span func(v, lo, hi perp.Time, name string), check func(bool, string),
) {
	const one = perp.RatioOne
	span(p.WideAge, perp.Millisecond, spanMax, "WideAge")
	span(p.ReduceAge, p.WideAge, spanMax, "ReduceAge")
	span(p.HaltAge, p.ReduceAge, spanMax, "HaltAge")
	within(p.WideDiverge, 0, one, "WideDiverge")
	within(p.ReduceDiverge, p.WideDiverge, one, "ReduceDiverge")
	within(p.HaltDiverge, p.ReduceDiverge, one, "HaltDiverge")
	within(p.WideConf, 0, one, "WideConf")
	within(p.HaltConf, p.WideConf, one, "HaltConf")
	within(p.HaltTravel, 1, one, "HaltTravel")
	within(p.JumpSigmas, one, 100*one, "JumpSigmas")
	within(p.JumpFloor, 1, one, "JumpFloor")
	span(p.Lag, 0, spanMax, "Lag")
	span(p.Beat, perp.Millisecond, p.BeatMax, "Beat")
	span(p.BeatMax, perp.Millisecond, 600*perp.Second, "BeatMax")
	span(p.FutureMax, 0, 60*perp.Second, "FutureMax")
	check(p.SourcesMin >= 1 && p.SourcesMin <= 100, "SourcesMin must be between 1 and 100")
	check(p.GoodTicks >= 1 && p.GoodTicks <= 1000, "GoodTicks must be between 1 and 1000")
	span(p.GoodSpan, 0, spanMax, "GoodSpan")
	within(p.WideWiden, one, 100*one, "WideWiden")
	within(p.WideShare, 1, one, "WideShare")
	check(p.LastLook <= LookAlways, "LastLook must be off, wide, tiered or always")
	within(p.LookTolerance, 0, one, "LookTolerance")
	p.validateClients(within, span, check)
	span(p.FundingSpan, perp.Second, spanMax, "FundingSpan")
	span(p.FundingEvery, perp.Second, dayNanos, "FundingEvery")
	within(p.FundingMax, 0, one/2, "FundingMax")
	within(p.FundingBase, -p.FundingMax, p.FundingMax, "FundingBase")
	span(p.TTL, perp.Millisecond, 60*perp.Second, "TTL")
	span(p.Grace, 0, p.TTL, "Grace")
}

// validateClients is the part of Validate about toxicity and the maker's needs.
func (p Params) validateClients(
	within func(v, lo, hi perp.Ratio, name string), span func(v, lo, hi perp.Time, name string), check func(bool, string),
) {
	const one = perp.RatioOne
	span(p.FirmAge, 0, spanMax, "FirmAge")
	span(p.ToxHalfLife, perp.Second, spanMax, "ToxHalfLife")
	check(p.ToxMemory >= 1 && p.ToxMemory <= 10_000, "ToxMemory must be between 1 and 10000")
	within(p.SurchargeMax, 0, one/2, "SurchargeMax")
	within(p.SurchargeStep, 1, one/2, "SurchargeStep")
	check(p.SurchargeMax/max(1, p.SurchargeStep) <= 100, "SurchargeMax must be at most 100 SurchargeSteps")
	check(p.Probation >= 0 && p.Probation <= 100_000, "Probation must be between 0 and 100000")
	span(p.StrikeSpan, 0, spanMax, "StrikeSpan")
	span(p.TierDwell, 0, spanMax, "TierDwell")
	within(p.FillBucket, 0, leverageMax, "FillBucket")
	within(p.Improve, 0, one, "Improve")
	within(p.RestFrom, 0, leverageMax, "RestFrom")
	within(p.HedgeFrom, 0, leverageMax, "HedgeFrom")
	check(p.HedgeFrom == 0 || p.HedgeTo >= 0 && p.HedgeTo < p.HedgeFrom, "HedgeTo must be below HedgeFrom")
	within(p.LayOffFrom, 0, leverageMax, "LayOffFrom")
	check(p.LayOffFrom == 0 || p.LayOffTo >= 0 && p.LayOffTo < p.LayOffFrom, "LayOffTo must be below LayOffFrom")
	within(p.LayOffWithin, 0, one/10, "LayOffWithin")
	check(p.LayOffFrom == 0 || p.LayOffWithin > 0, "LayOffWithin must be above 0 where there is a LayOffFrom")
	check(p.DrawdownLoss >= 0, "DrawdownLoss must not be negative")
	within(p.DrawdownShare, 0, one, "DrawdownShare")
	within(p.FundingShift, 0, one, "FundingShift")
}
