package engine

import (
	"slices"

	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// Configure brings the operator's configuration into the journal, so that a
// replay needs no file. A market or account that is named again gets the new
// parameters; one that is no longer named stays as it is, because positions
// in it do not vanish with a line in a file.
type Configure struct {
	Markets  []MarketSpec
	Accounts []risk.Account
	Venue    risk.Venue    // zero: the defaults
	Sessions []SessionSpec `json:",omitempty"`

	// RequestAge is the age up to which an order is taken that is repeated or had to
	// wait; zero: the default, negative: no repeated order is taken.
	RequestAge perp.Time `json:",omitempty"`

	TwoPerson TwoPerson `json:",omitzero"` // zero: one person is enough
}

// MarketSpec is all that a market needs to be listed.
type MarketSpec struct {
	Instrument perp.Instrument
	Quoting    quoting.Params
	Limits     risk.MarketLimits
}

// Kind names the command.
func (Configure) Kind() string { return "Configure" }

func (e *Engine) configure(c Configure) {
	for _, m := range e.state.Markets { // the gateway starts again
		e.release(m, true, "restart")
	}
	for _, spec := range c.Markets {
		e.list(spec)
	}
	e.state.RequestAge, e.state.TwoPerson = c.RequestAge, c.TwoPerson
	e.state.Venue = c.Venue
	if c.Venue == (risk.Venue{}) {
		e.state.Venue = risk.DefaultVenue()
	}
	for _, a := range c.Accounts {
		i, found := slices.BinarySearchFunc(e.state.Accounts, a.Name, func(x risk.Account, n string) int {
			return compare(x.Name, n)
		})
		if found {
			e.state.Accounts[i] = a
		} else {
			e.state.Accounts = slices.Insert(e.state.Accounts, i, a)
		}
		e.emit(perp.AccountOpened{Account: a.Name, Sessions: a.Sessions})
	}
	e.enrol()
	for _, m := range e.state.Markets {
		e.regradeAll(m)
	}
	e.enlist(c.Sessions)
}

func (e *Engine) list(spec MarketSpec) {
	if m := e.markets[spec.Instrument.Symbol]; m != nil {
		m.Instrument, m.Limits = spec.Instrument, spec.Limits
		m.Quoting.Configure(spec.Instrument, spec.Quoting)
	} else {
		m = &market{Instrument: spec.Instrument, Limits: spec.Limits, Quoting: quoting.New(spec.Instrument, spec.Quoting)}
		i, _ := slices.BinarySearchFunc(e.state.Markets, m.Instrument.Symbol, func(x *market, n string) int {
			return compare(x.Instrument.Symbol, n)
		})
		e.state.Markets = slices.Insert(e.state.Markets, i, m)
		e.markets[m.Instrument.Symbol] = m
	}
	e.emit(e.markets[spec.Instrument.Symbol].listed())
}

// listed tells what a market is and on which terms it deals.
func (m *market) listed() perp.MarketListed {
	return perp.MarketListed{Instrument: m.Instrument, Terms: perp.Terms{
		InitialMargin: m.Limits.InitialMargin, MaintenanceMargin: m.Limits.MaintenanceMargin,
		LookTolerance: m.Quoting.Tolerance(), Life: m.Quoting.Life(),
	}}
}
