package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// MarketOracle says when the outside price is trusted. From wide on spreads are
// multiplied, from reduce on clients may only reduce, from max on the market is
// halted.
type MarketOracle struct {
	MinSources  int           `toml:"min_sources" min:"1" max:"100"`
	WideAge     time.Duration `toml:"wide_age" min:"1ms" max:"168h"`
	ReduceAge   time.Duration `toml:"reduce_age" min:"1ms" max:"168h"`
	MaxAge      time.Duration `toml:"max_age" min:"1ms" max:"168h"`
	MaxInterval time.Duration `toml:"max_interval" min:"100ms" max:"10m"`

	WideDivergence   perp.Ratio `toml:"wide_divergence_bps" unit:"bps" min:"0" max:"10000"`
	ReduceDivergence perp.Ratio `toml:"reduce_divergence_bps" unit:"bps" min:"0" max:"10000"`
	MaxDivergence    perp.Ratio `toml:"max_divergence_bps" unit:"bps" min:"0" max:"10000"`
	WideConf         perp.Ratio `toml:"wide_conf_bps" unit:"bps" min:"0" max:"10000"`
	MaxConf          perp.Ratio `toml:"max_conf_bps" unit:"bps" min:"0" max:"10000"`

	// Average is the half-life of the short average of the price, MaxTravel how
	// far from it a price is believed.
	Average   time.Duration `toml:"average" min:"1s" max:"168h"`
	MaxTravel perp.Ratio    `toml:"max_travel_bps" unit:"bps" min:"1" max:"10000"`
}

// MarketQuote shapes the maker's offer.
type MarketQuote struct {
	BaseSpread perp.Ratio    `toml:"base_spread_bps" unit:"bps" min:"0.02" max:"10000"`
	MaxSpread  perp.Ratio    `toml:"max_spread_bps" unit:"bps" min:"0.03" max:"10000"`
	MinHalf    perp.Ratio    `toml:"min_half_bps" unit:"bps" min:"0.01" max:"5000"`
	Band       perp.Ratio    `toml:"band_bps" unit:"bps" min:"0.02" max:"5000"`
	Levels     int           `toml:"levels" min:"1" max:"20"`
	TopShare   perp.Ratio    `toml:"top_share" min:"0.000001" max:"1"`
	ValidFor   time.Duration `toml:"valid_for" min:"1ms" max:"1m"`
	Grace      time.Duration `toml:"grace" min:"0s" max:"1m"`

	// LastLook says whose orders wait for a newer price, LookTolerance how far it
	// may then have moved for the client; see quoting.Params.
	LastLook      string     `toml:"last_look" oneof:"off|wide|tiered|always"`
	LookTolerance perp.Ratio `toml:"look_tolerance" min:"0" max:"1"`
	// FirmAge is the age of the price up to which quotes are firm.
	FirmAge    time.Duration `toml:"firm_age" min:"0s" max:"168h"`
	FillBucket perp.Ratio    `toml:"fill_bucket" min:"0" max:"100"`
	Improve    perp.Ratio    `toml:"improve" min:"0" max:"1"`
}

// MarketToxicity says how a client whose fills run ahead of the price is
// treated; see quoting.Params.
type MarketToxicity struct {
	HalfLife   time.Duration `toml:"half_life" min:"1s" max:"168h"`
	Memory     int           `toml:"memory_fills" min:"1" max:"10000"`
	AddonMax   perp.Ratio    `toml:"max_client_addon_bps" unit:"bps" min:"0" max:"5000"`
	AddonStep  perp.Ratio    `toml:"addon_step_bps" unit:"bps" min:"0.01" max:"5000"`
	Probation  int           `toml:"probation_fills" min:"0" max:"100000"`
	StrikeHold time.Duration `toml:"strike_hold" min:"0s" max:"168h"`
	TierDwell  time.Duration `toml:"tier_dwell" min:"0s" max:"168h"`
}

// MarketVamm shapes the curve behind the offer.
type MarketVamm struct {
	Depth        int        `toml:"depth" min:"1" max:"1000000"`
	SoftLeverage perp.Ratio `toml:"soft_leverage" min:"0" max:"100"`
	MaxLeverage  perp.Ratio `toml:"max_leverage" min:"0.000001" max:"100"`
	MaxOffset    perp.Ratio `toml:"max_offset_bps" unit:"bps" min:"0" max:"5000"`
	CalmVol      perp.Ratio `toml:"calm_vol_bps" unit:"bps" min:"0" max:"1000"`

	InventoryWiden perp.Ratio `toml:"inventory_widen" min:"0" max:"100"`
	LeverageWiden  perp.Ratio `toml:"leverage_widen" min:"0" max:"100"`
	FlowWiden      perp.Ratio `toml:"flow_widen" min:"0" max:"100"`
	UnloadRelief   perp.Ratio `toml:"unload_relief" min:"0" max:"1"`
	RestFrom       perp.Ratio `toml:"rest_from" min:"0" max:"100"`
}

// MarketFunding is what the heavy side pays; see quoting.Params.
type MarketFunding struct {
	Every   time.Duration `toml:"every" min:"1s" max:"24h"`
	Average time.Duration `toml:"average" min:"1s" max:"168h"`
	Base    perp.Ratio    `toml:"base_bps" unit:"bps" min:"-5000" max:"5000"`
	Max     perp.Ratio    `toml:"max_bps" unit:"bps" min:"0" max:"5000"`
	Shift   perp.Ratio    `toml:"shift" min:"0" max:"1"`
}

// MarketRisk bounds what clients and the maker may do; see risk.MarketLimits.
type MarketRisk struct {
	TakerFee          perp.Ratio `toml:"taker_fee_bps" unit:"bps" min:"0" max:"1000"`
	InitialMargin     perp.Ratio `toml:"initial_margin" min:"0.0001" max:"1"`
	MaintenanceMargin perp.Ratio `toml:"maintenance_margin" min:"0.0001" max:"1"`
	SizePremium       perp.Ratio `toml:"size_premium" min:"0" max:"1"`
	ProfitCap         perp.Money `toml:"profit_cap" min:"0" max:"1000000000000"`
	PriceBand         perp.Ratio `toml:"price_band_bps" unit:"bps" min:"0" max:"9999"`
	MaxPosition       perp.Size  `toml:"max_position" min:"0.000000001" max:"1000000000"`
	OpenInterest      perp.Size  `toml:"open_interest" min:"0" max:"1000000000"`
	MakerLeverage     perp.Ratio `toml:"maker_leverage" min:"0" max:"1000"`

	MaxImbalance      perp.Money    `toml:"max_imbalance" min:"0" max:"1000000000000"`
	SettleEvery       time.Duration `toml:"settle_every" min:"1s" max:"24h"`
	LiquidationBuffer perp.Ratio    `toml:"liquidation_buffer" min:"0" max:"1"`
	LiquidationFee    perp.Ratio    `toml:"liquidation_fee_bps" unit:"bps" min:"0" max:"10000"`
	LiquidationStart  perp.Ratio    `toml:"liquidation_start" min:"0.000001" max:"1"`
	LiquidationTime   time.Duration `toml:"liquidation_time" min:"0s" max:"24h"`

	// The market only reduces once it has lost more than both; see quoting.Params.
	DrawdownLoss  perp.Money `toml:"drawdown_loss" min:"0" max:"1000000000000"`
	DrawdownShare perp.Ratio `toml:"drawdown_share" min:"0" max:"1"`
}

func (o *MarketOracle) setDefaults() {
	p := quoting.DefaultParams()
	*o = MarketOracle{
		MinSources: int(p.SourcesMin), WideAge: time.Duration(p.WideAge), ReduceAge: time.Duration(p.ReduceAge),
		MaxAge: time.Duration(p.HaltAge), MaxInterval: time.Duration(p.BeatMax),
		WideDivergence: p.WideDiverge, ReduceDivergence: p.ReduceDiverge, MaxDivergence: p.HaltDiverge,
		WideConf: p.WideConf, MaxConf: p.HaltConf, Average: time.Duration(p.ShortSpan), MaxTravel: p.HaltTravel,
	}
}

func (q *MarketQuote) setDefaults() {
	p := quoting.DefaultParams()
	*q = MarketQuote{
		BaseSpread: p.BaseSpread, MaxSpread: p.MaxSpread, MinHalf: p.MinHalf, Band: p.Band, Levels: p.Levels,
		TopShare: p.TopShare, ValidFor: time.Duration(p.TTL), Grace: time.Duration(p.Grace),
		LastLook: p.LastLook.String(), LookTolerance: p.LookTolerance, FirmAge: time.Duration(p.FirmAge), FillBucket: p.FillBucket, Improve: p.Improve,
	}
}

func (t *MarketToxicity) setDefaults() {
	p := quoting.DefaultParams()
	*t = MarketToxicity{
		HalfLife: time.Duration(p.ToxHalfLife), Memory: int(p.ToxMemory), AddonMax: p.SurchargeMax, AddonStep: p.SurchargeStep,
		Probation: int(p.Probation), StrikeHold: time.Duration(p.StrikeSpan), TierDwell: time.Duration(p.TierDwell),
	}
}

func (v *MarketVamm) setDefaults() {
	p := quoting.DefaultParams()
	*v = MarketVamm{
		Depth: int(p.Depth), SoftLeverage: p.LeverageSoft, MaxLeverage: p.LeverageCap, MaxOffset: p.OffsetMax, CalmVol: p.DepthVol,
		InventoryWiden: p.InventoryWiden, LeverageWiden: p.LeverageWiden, FlowWiden: p.FlowWiden,
		UnloadRelief: p.UnloadRelief, RestFrom: p.RestFrom,
	}
}

func (f *MarketFunding) setDefaults() {
	p := quoting.DefaultParams()
	*f = MarketFunding{
		Every: time.Duration(p.FundingEvery), Average: time.Duration(p.FundingSpan), Base: p.FundingBase, Max: p.FundingMax,
		Shift: p.FundingShift,
	}
}

func (v *Venue) setDefaults() {
	d := risk.DefaultVenue()
	*v = Venue{MaxShare: d.OutflowShare, Span: time.Duration(d.OutflowSpan), HaltMarkets: true}
}

func (r *MarketRisk) setDefaults() {
	l, p := risk.DefaultMarketLimits(), quoting.DefaultParams()
	*r = MarketRisk{
		TakerFee: l.TakerFee, InitialMargin: l.InitialMargin, MaintenanceMargin: l.MaintenanceMargin,
		SizePremium: l.SizePremium, ProfitCap: l.ProfitCap, PriceBand: l.PriceBand,
		MaxPosition: l.MaxPosition, OpenInterest: l.OpenInterest, MakerLeverage: l.MakerLeverage,
		MaxImbalance: l.MaxImbalance, SettleEvery: time.Duration(l.SettleEvery), LiquidationBuffer: l.LiquidationBuffer,
		LiquidationFee: l.LiquidationFee, LiquidationStart: l.LiquidationStart, LiquidationTime: time.Duration(l.LiquidationSpan),
		DrawdownLoss: p.DrawdownLoss, DrawdownShare: p.DrawdownShare,
	}
}

func (l *AccountLimits) setDefaults() {
	d := risk.DefaultLimits()
	*l = AccountLimits{OpenOrders: int(d.OpenOrders), MaxNotional: d.Notional, OrderLeverage: d.OrderLeverage, Slippage: d.Slippage}
}

// Spec is one market in the words of the rooms that run it.
type Spec struct {
	Instrument perp.Instrument
	Quoting    quoting.Params
	Limits     risk.MarketLimits
}

// Specs are all markets. What an operator cannot set has its default.
func (c *Config) Specs() []Spec {
	all := make([]Spec, 0, len(c.Markets))
	for _, m := range c.Markets {
		all = append(all, Spec{m.Instrument(), m.params(), m.limits()})
	}
	return all
}

func (m Market) params() quoting.Params {
	p := quoting.DefaultParams()
	o, q, v, f := m.Oracle, m.Quote, m.Vamm, m.Funding
	p.SourcesMin = int64(o.MinSources)
	p.WideAge, p.ReduceAge, p.HaltAge = perp.Time(o.WideAge), perp.Time(o.ReduceAge), perp.Time(o.MaxAge)
	p.BeatMax = perp.Time(o.MaxInterval)
	p.WideDiverge, p.ReduceDiverge, p.HaltDiverge = o.WideDivergence, o.ReduceDivergence, o.MaxDivergence
	p.WideConf, p.HaltConf = o.WideConf, o.MaxConf
	p.ShortSpan, p.HaltTravel = perp.Time(o.Average), o.MaxTravel
	p.BaseSpread, p.MaxSpread, p.MinHalf, p.Band = q.BaseSpread, q.MaxSpread, q.MinHalf, q.Band
	p.Levels, p.TopShare = q.Levels, q.TopShare
	p.TTL, p.Grace = perp.Time(q.ValidFor), perp.Time(q.Grace)
	p.Depth, p.LeverageSoft, p.LeverageCap, p.OffsetMax = int64(v.Depth), v.SoftLeverage, v.MaxLeverage, v.MaxOffset
	p.DepthVol = v.CalmVol
	p.FundingEvery, p.FundingSpan, p.FundingBase, p.FundingMax = perp.Time(f.Every), perp.Time(f.Average), f.Base, f.Max
	m.clients(&p)
	return p
}

// clients fills in what is about clients that are ahead of the price, and about
// the maker's own needs.
func (m Market) clients(p *quoting.Params) {
	q, t, v := m.Quote, m.Toxicity, m.Vamm
	p.LastLook, p.LookTolerance, p.FirmAge = lookMode(q.LastLook), q.LookTolerance, perp.Time(q.FirmAge)
	p.FillBucket, p.Improve = q.FillBucket, q.Improve
	p.ToxHalfLife, p.ToxMemory = perp.Time(t.HalfLife), int64(t.Memory)
	p.SurchargeMax, p.SurchargeStep = t.AddonMax, t.AddonStep
	p.Probation, p.StrikeSpan, p.TierDwell = int64(t.Probation), perp.Time(t.StrikeHold), perp.Time(t.TierDwell)
	p.InventoryWiden, p.LeverageWiden, p.FlowWiden = v.InventoryWiden, v.LeverageWiden, v.FlowWiden
	p.UnloadRelief, p.RestFrom = v.UnloadRelief, v.RestFrom
	p.FundingShift = m.Funding.Shift
	p.DrawdownLoss, p.DrawdownShare = m.Risk.DrawdownLoss, m.Risk.DrawdownShare
	p.LayOffFrom, p.LayOffTo, p.LayOffWithin = m.LayOff.From, m.LayOff.To, m.LayOff.Within
}

// lookMode is the mode of a name, which the decoder has checked.
func lookMode(name string) quoting.LookMode {
	mode := quoting.LookAlways
	for mode > quoting.LookOff && mode.String() != name {
		mode--
	}
	return mode
}

func (m Market) limits() risk.MarketLimits {
	l, r := risk.DefaultMarketLimits(), m.Risk
	l.TakerFee, l.InitialMargin, l.MaintenanceMargin = r.TakerFee, r.InitialMargin, r.MaintenanceMargin
	l.SizePremium, l.ProfitCap, l.PriceBand = r.SizePremium, r.ProfitCap, r.PriceBand
	l.MaxPosition, l.OpenInterest, l.MakerLeverage = r.MaxPosition, r.OpenInterest, r.MakerLeverage
	l.MaxImbalance, l.SettleEvery = r.MaxImbalance, perp.Time(r.SettleEvery)
	l.LiquidationBuffer, l.LiquidationFee = r.LiquidationBuffer, r.LiquidationFee
	l.LiquidationStart, l.LiquidationSpan = r.LiquidationStart, perp.Time(r.LiquidationTime)
	return l
}

// Outflow is what may leave all accounts together.
func (c *Config) Outflow() risk.Venue {
	return risk.Venue{OutflowShare: c.Venue.MaxShare, OutflowSpan: perp.Time(c.Venue.Span), HaltMarkets: c.Venue.HaltMarkets}
}

// RiskAccounts are all accounts with the sessions that may use them.
func (c *Config) RiskAccounts() []risk.Account {
	all := make([]risk.Account, 0, len(c.Accounts))
	for _, a := range c.Accounts {
		one := risk.Account{Name: a.Name, Firm: a.Firm, Limits: risk.Limits{
			OpenOrders: int64(a.Limits.OpenOrders), Notional: a.Limits.MaxNotional, OrderLeverage: a.Limits.OrderLeverage,
			Slippage: a.Limits.Slippage,
		}, Protection: a.Protection.protection()}
		for _, symbol := range slices.Sorted(maps.Keys(a.Limits.MaxPosition)) {
			one.Limits.Positions = append(one.Limits.Positions, risk.PositionLimit{Symbol: symbol, Size: a.Limits.MaxPosition[symbol]})
		}
		for _, s := range c.Sessions {
			if slices.Contains(s.Accounts, a.Name) {
				one.Sessions = append(one.Sessions, s.CompID)
			}
		}
		// Orders that the gateway makes for an account belong to its first session.
		slices.SortStableFunc(one.Sessions, func(x, y string) int { return rank(c, x) - rank(c, y) })
		all = append(all, one)
	}
	return all
}

// rank puts the sessions that trade before those that only look on.
func rank(c *Config, compID string) int {
	for _, s := range c.Sessions {
		if s.CompID == compID && (slices.Contains(s.Roles, "trade") || slices.Contains(s.Roles, "certify") || len(s.Roles) == 0) {
			return 0
		}
	}
	return 1
}

// ruleKeys maps the parameters that rules speak of to keys of the file.
var ruleKeys = map[string]string{
	"SourcesMin": "oracle.min_sources", "WideAge": "oracle.wide_age", "ReduceAge": "oracle.reduce_age", "HaltAge": "oracle.max_age",
	"Beat": "oracle.max_interval", "BeatMax": "oracle.max_interval",
	"WideDiverge": "oracle.wide_divergence_bps", "ReduceDiverge": "oracle.reduce_divergence_bps", "HaltDiverge": "oracle.max_divergence_bps",
	"WideConf": "oracle.wide_conf_bps", "HaltConf": "oracle.max_conf_bps",
	"ShortSpan": "oracle.average", "HaltTravel": "oracle.max_travel_bps",
	"BaseSpread": "quote.base_spread_bps", "MaxSpread": "quote.max_spread_bps", "MinHalf": "quote.min_half_bps", "Band": "quote.band_bps",
	"Levels": "quote.levels", "TopShare": "quote.top_share", "TTL": "quote.valid_for", "Grace": "quote.grace",
	"Depth": "vamm.depth", "LeverageSoft": "vamm.soft_leverage", "LeverageCap": "vamm.max_leverage", "OffsetMax": "vamm.max_offset_bps",
	"TakerFee": "risk.taker_fee_bps", "InitialMargin": "risk.initial_margin", "MaintenanceMargin": "risk.maintenance_margin",
	"SizePremium": "risk.size_premium", "ProfitCap": "risk.profit_cap", "PriceBand": "risk.price_band_bps",
	"MaxPosition": "risk.max_position", "OpenInterest": "risk.open_interest", "MakerLeverage": "risk.maker_leverage",
	"MaxImbalance": "risk.max_imbalance", "SettleEvery": "risk.settle_every", "LiquidationBuffer": "risk.liquidation_buffer",
	"LiquidationFee": "risk.liquidation_fee_bps", "LiquidationStart": "risk.liquidation_start", "LiquidationSpan": "risk.liquidation_time",
	"DepthVol": "vamm.calm_vol_bps", "FundingEvery": "funding.every", "FundingSpan": "funding.average",
	"FundingBase": "funding.base_bps", "FundingMax": "funding.max_bps", "FundingShift": "funding.shift",
	"LastLook": "quote.last_look", "LookTolerance": "quote.look_tolerance", "FirmAge": "quote.firm_age", "FillBucket": "quote.fill_bucket", "Improve": "quote.improve",
	"ToxHalfLife": "toxicity.half_life", "ToxMemory": "toxicity.memory_fills", "SurchargeMax": "toxicity.max_client_addon_bps",
	"SurchargeStep": "toxicity.addon_step_bps", "Probation": "toxicity.probation_fills", "StrikeSpan": "toxicity.strike_hold",
	"TierDwell": "toxicity.tier_dwell", "InventoryWiden": "vamm.inventory_widen", "LeverageWiden": "vamm.leverage_widen",
	"FlowWiden": "vamm.flow_widen", "UnloadRelief": "vamm.unload_relief", "RestFrom": "vamm.rest_from",
	"LayOffFrom": "lay_off.from", "LayOffTo": "lay_off.to", "LayOffWithin": "lay_off.within_bps",
	"DrawdownLoss": "risk.drawdown_loss", "DrawdownShare": "risk.drawdown_share",
}

// rules asks the rooms whether the keys of a market fit together. A key that is
// at fault by itself is left out.
func (k *checker) rules(path string, m *Market) {
	for _, err := range []error{m.params().Validate(), m.limits().Validate()} {
		if err == nil {
			continue
		}
		for rule := range strings.SplitSeq(err.Error(), "\n") {
			name, _, _ := strings.Cut(rule, " ")
			key, known := ruleKeys[name]
			if !known {
				key = "symbol"
			}
			if at := path + "." + key; !k.atFault(at) {
				k.fault(at, Problem{
					What: fmt.Sprintf("%s does not fit the other keys: %s", lastKey(at), rule),
					Hint: "in the rule, ratios are of 1 (0.0001 is one basis point) and spans in nanoseconds",
				})
			}
		}
	}
}

// positions checks the limits that an account has of its own.
func (k *checker) positions(path string, a *Account) {
	known := k.symbols()
	for _, symbol := range slices.Sorted(maps.Keys(a.Limits.MaxPosition)) {
		at := join(path+".limits.max_position", symbol)
		if len(known) > 0 && !slices.Contains(known, symbol) && !k.atFault(at) {
			k.faultKey(at, Problem{What: fmt.Sprintf("there is no market %q", symbol), Meant: nearest(symbol, known), Allowed: some(known)})
		}
	}
}
