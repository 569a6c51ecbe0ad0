package risk

import (
	"errors"

	"backstop/perp"
)

// Venue bounds what may leave all accounts together. DefaultVenue is a working
// set.
type Venue struct {
	// OutflowShare is the largest part of all client cash that may be withdrawn
	// within OutflowSpan; more stops withdrawals until the desk opens them
	// again. Default 0.5 in 24 h. Too low: honest clients wait. Too high: a
	// mistake in the books empties the venue before anyone looks.
	OutflowShare perp.Ratio
	OutflowSpan  perp.Time
	// HaltMarkets halts every market in the moment in which withdrawals stop: who
	// empties the venue may also be who moved its prices. Default false here and true
	// in a configuration. Cancels go on; market resume ends it, one by one.
	HaltMarkets bool `json:",omitempty"`
}

// DefaultVenue has the defaults named at the fields.
func DefaultVenue() Venue { return Venue{OutflowShare: perp.RatioOne / 2, OutflowSpan: spanMax} }

// Validate returns every rule that the bounds break.
func (v Venue) Validate() error {
	var errs []error
	if v.OutflowShare <= 0 || v.OutflowShare > perp.RatioOne {
		errs = append(errs, errors.New("OutflowShare must be above 0 and at most 1"))
	}
	if v.OutflowSpan < perp.Second || v.OutflowSpan > spanMax {
		errs = append(errs, errors.New("OutflowSpan must be between a second and a day"))
	}
	return errors.Join(errs...)
}

// Outflow is what has left lately. What was withdrawn is forgotten in a
// straight line over the span.
type Outflow struct {
	Out     perp.Money
	At      perp.Time
	Stopped bool
}

// Withdraw judges one more withdrawal of amount while clients hold cash
// together. It returns the new state: one that exceeds the limit stops all.
func (v Venue) Withdraw(o Outflow, amount, cash perp.Money, now perp.Time) (Outflow, perp.Verdict) {
	if o.Stopped {
		return o, perp.Verdict{Reject: perp.OutflowLimit, Detail: "withdrawals are stopped"}
	}
	left := v.OutflowSpan - min(v.OutflowSpan, max(0, now-o.At))
	out := perp.Money(perp.MulDiv(int64(o.Out), int64(left), int64(v.OutflowSpan), perp.Ceil))
	limit := perp.Share(perp.Add(cash, out), v.OutflowShare, perp.Floor)
	if need := sum(out, amount); need > limit {
		return Outflow{Out: out, At: now, Stopped: true},
			perp.Verdict{Reject: perp.OutflowLimit, Need: int64(need), Have: int64(limit), Detail: "outflow"}
	}
	return Outflow{Out: perp.Add(out, amount), At: now}, perp.Verdict{}
}
