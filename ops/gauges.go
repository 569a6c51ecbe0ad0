package ops

import (
	"backstop/perp"

	"github.com/prometheus/client_golang/prometheus"
)

// The gauges, made when somebody asks.
var (
	oraclePrice    = gauge("oracle_price", "Outside price that the quote stands on.", "market")
	oracleConf     = gauge("oracle_confidence", "Half width of what the sources say.", "market")
	oracleAge      = gauge("oracle_age_seconds", "Age of the outside price at its source.", "market")
	oracleMaxAge   = gauge("oracle_max_age_seconds", "Age of the outside price at which the market is halted.", "market")
	oracleSources  = gauge("oracle_sources_valid", "Live sources behind the newest outside price.", "market")
	quotePrice     = gauge("quote_price", "Best price of a side.", "market", "side")
	quoteSize      = gauge("quote_size", "Size at the best price of a side.", "market", "side")
	quoteSpread    = gauge("quote_spread_ratio", "Full spread over the outside price.", "market")
	quotePart      = gauge("quote_component_ratio", "Part of the best price over the outside price.", "market", "side", "component")
	quoteState     = gauge("quote_state", "1 for the state that the quote is in.", "market", "state")
	marketState    = gauge("market_state", "1 for the state that the market is in.", "market", "state")
	marketHalted   = gauge("market_halted", "1 while a market takes no orders.", "market")
	vammPeg        = gauge("vamm_peg", "Price that the reserves were last moved to, from the first move after the start on.", "market")
	leverage       = gauge("vamm_leverage_ratio", "Value of the maker's inventory over its equity.", "market")
	leverageLimit  = gauge("vamm_leverage_limit_ratio", "Leverage at which the maker takes no more on a side.", "market")
	imbalance      = gauge("vamm_imbalance_base", "The maker's net position.", "market")
	equity         = gauge("vamm_equity_quote", "The maker's equity if every client closed now.", "market")
	poolQuote      = gauge("pnl_pool_quote", "Losses paid in and not yet paid out.", "market")
	feeQuote       = gauge("fee_pool_quote", "Fees collected.", "market")
	insuranceQuote = gauge("insurance_quote", "What covers bankruptcies in a market.", "market")
	claimsQuote    = gauge("claims_quote", "Realised profits of clients that are not settled.", "market")
	debtsQuote     = gauge("debts_quote", "Realised losses of clients that are not paid.", "market")
	fundingRate    = gauge("funding_rate_daily", "Funding rate per day: what longs pay and shorts receive, as a part of the price.", "market", "side")
	fundingCapped  = gauge("funding_capped", "1 while receivers get less because the maker's budget is short.", "market")
	liquidations   = gauge("accounts_in_liquidation", "Accounts that are being liquidated.")
	outflowStopped = gauge("withdrawals_stopped", "1 while withdrawals are stopped, by the outflow limit, the desk or the check of the books.")
	imbalanceSum   = gauge("ledger_imbalance", "Sum of all balances; anything but 0 is a defect.")
	readyGauge     = gauge("ready", "1 when /readyz answers 200.")
	sessionUp      = gauge("fix_session_up", "1 while the session is logged on.", "session")
	sessionSender  = gauge("fix_session_next_sender_seq", "Next outbound number.", "session")
	sessionTarget  = gauge("fix_session_next_target_seq", "Next expected inbound number.", "session")
	sessionQueue   = gauge("fix_session_outbound_queue_bytes", "Bytes that wait to leave.", "session")
	clientTier     = gauge("client_tier", "How a session is treated in a market: 0 firm, 1 held, 2 priced, 3 toxic.", "market", "session")
	clientAddon    = gauge("client_addon_ratio", "What is added to both half-spreads of a session.", "market", "session")
	clientScore    = gauge("client_toxicity_ratio", "Statistic behind the tier of a session: how surely its fills run ahead of the price.", "market", "session")
	clientStrike   = gauge("client_held_until_timestamp_seconds", "End of the strike under which a session's orders are held; 0: none.", "market", "session")
	clientMarkout  = gauge("client_markout_ratio", "Mean move of the price for the client after its newest fills.", "market", "session", "horizon")
	hedgedBase     = gauge("hedged_base", "The maker's position at the outside venue.", "market")
	drawdown       = gauge("market_drawdown", "1 while a market only reduces because it lost too much of late.", "market")
	walBytes       = gauge("store_wal_bytes", "Size of the write-ahead log.")
	walAlarm       = gauge("store_wal_alarm_bytes", "Size of the write-ahead log at which the gateway is not ready.")
	readsCut       = gauge("store_reads_cut_total", "Own reads that were ended because they took too long.")
	booksDiffer    = gauge("books_differences", "Differences that the full check of the stored books found; anything but 0 is a defect.")
	booksChecked   = gauge("books_checked_timestamp_seconds", "When the stored books were last compared whole; 0: not yet.")
	streamReaders  = gauge("events_readers", "Readers of /events.")
)

// States as label values, so that a state that is not entered shows as 0.
var (
	offerStates  = []string{"two_sided", "bid_only", "ask_only", "withdrawn"}
	marketStates = []perp.MarketState{perp.Open, perp.WideSpread, perp.ReduceOnly, perp.Halted, perp.Warming, perp.Expired}
)

var gauges []*prometheus.Desc

func gauge(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("gateway_"+name, help, labels, nil)
	gauges = append(gauges, d)
	return d
}

// setter takes one value of a gauge.
type setter func(d *prometheus.Desc, v float64, labels ...string)

// Describe names the gauges.
func (x *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range gauges {
		out <- d
	}
}

// Collect reads the gauges from the model.
func (x *metrics) Collect(out chan<- prometheus.Metric) {
	var set setter = func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	m := x.model
	for _, s := range m.sessionViews() {
		set(sessionUp, flag(s.Up), s.CompID)
		set(sessionSender, float64(s.OutSeq), s.CompID)
		set(sessionTarget, float64(s.InSeq), s.CompID)
		set(sessionQueue, float64(s.Queue), s.CompID)
	}
	m.mu.RLock()
	storage := m.storage
	m.mu.RUnlock()
	if storage != nil {
		s := storage()
		set(walBytes, float64(s.WAL))
		set(walAlarm, float64(s.WALAlarm))
		// It only grows, and whoever keeps it counts it.
		out <- prometheus.MustNewConstMetric(readsCut, prometheus.CounterValue, float64(s.Cut))
		set(booksDiffer, float64(s.Books.Differences))
		set(booksChecked, s.Books.seconds())
	}
	_, ready := m.readiness()
	set(readyGauge, flag(ready))
	now := perp.Time(m.now().UnixNano())
	m.mu.RLock()
	defer m.mu.RUnlock()
	set(imbalanceSum, money(m.sum))
	set(streamReaders, float64(len(m.watchers)))
	set(liquidations, float64(len(m.liquidating)))
	set(outflowStopped, flag(m.stopped))
	for key, c := range m.clients {
		c.collect(key, set)
	}
	for symbol, k := range m.markets {
		k.collect(symbol, now, set)
		x := m.money(symbol)
		set(poolQuote, money(x.pool), symbol)
		set(feeQuote, money(x.fees), symbol)
		set(insuranceQuote, money(x.insurance), symbol)
		set(claimsQuote, money(x.claims), symbol)
		set(debtsQuote, money(x.debts), symbol)
		set(fundingRate, ratio(k.funding.Long), symbol, "long")
		set(fundingRate, ratio(k.funding.Short), symbol, "short")
		set(fundingCapped, flag(k.funding.Capped), symbol)
		if l := m.limits[symbol]; l != (Limits{}) {
			set(leverageLimit, ratio(l.LeverageCap), symbol)
			set(oracleMaxAge, seconds(l.OracleMaxAge), symbol)
		}
	}
}

func (b Books) seconds() float64 {
	if b.Checked.IsZero() {
		return 0
	}
	return float64(b.Checked.UnixMilli()) / 1000
}

// collect tells how a session is treated; a horizon of which nothing is known
// has no value.
func (c *client) collect(key clientKey, set setter) {
	set(clientTier, float64(c.grade.Class.Tier), key.symbol, key.session)
	set(clientAddon, ratio(c.grade.Class.Surcharge), key.symbol, key.session)
	set(clientScore, ratio(c.grade.Score), key.symbol, key.session)
	set(clientStrike, seconds(c.grade.Until), key.symbol, key.session)
	for _, x := range c.marks {
		if x.fills.count() > 0 {
			set(clientMarkout, ratio(x.fills.mean()), key.symbol, key.session, Horizon(x.horizon))
		}
	}
}

func (k *market) collect(symbol string, now perp.Time, set setter) {
	q := k.quote
	set(marketHalted, flag(k.state == perp.Halted || k.state == perp.Expired), symbol)
	set(drawdown, flag(k.cause == perp.Drawdown), symbol)
	set(hedgedBase, base(k.hedged), symbol)
	for _, s := range marketStates {
		set(marketState, flag(k.state == s), symbol, s.String())
	}
	for _, s := range offerStates {
		set(quoteState, flag(offerOf(q) == s), symbol, s)
	}
	if k.ticked {
		set(oracleSources, float64(k.sources), symbol)
	}
	if k.peg > 0 {
		set(vammPeg, number(k.peg), symbol)
	}
	if q.Version == 0 || q.Oracle <= 0 {
		return
	}
	set(oraclePrice, number(q.Oracle), symbol)
	set(oracleConf, number(q.Confidence), symbol)
	set(oracleAge, seconds(now-q.OracleTime), symbol)
	set(leverage, ratio(q.Leverage), symbol)
	set(imbalance, base(q.Inventory), symbol)
	set(equity, money(q.Equity), symbol)
	k.sides(symbol, set)
}

// sides tells what is offered; a side that is not offered has no value.
func (k *market) sides(symbol string, set setter) {
	q := k.quote
	side := func(name string, ladder []perp.Level, parts []perp.Component) {
		if len(ladder) == 0 {
			return
		}
		set(quotePrice, number(ladder[0].Price), symbol, name)
		set(quoteSize, base(ladder[0].Size), symbol, name)
		for _, c := range parts {
			set(quotePart, number(c.Amount)/number(q.Oracle), symbol, name, c.Name)
		}
	}
	side("bid", q.Bids, q.BidParts)
	side("ask", q.Asks, q.AskParts)
	if len(q.Bids) > 0 && len(q.Asks) > 0 {
		set(quoteSpread, number(q.Asks[0].Price-q.Bids[0].Price)/number(q.Oracle), symbol)
	}
}
