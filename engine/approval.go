package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"backstop/perp"
)

// proposalsMax is how many proposals may wait at once.
const proposalsMax = 64

// whoAsks refuses somebody whom the door does not know.
const whoAsks = "it is not known who asks: show a token"

// TwoPerson asks for a second person where the desk lets more happen than before:
// money in or out, withdrawals opened, a halt lifted, a market expired, a trade
// busted. What stops something is one person's and at once.
type TwoPerson struct {
	After  perp.Time // a proposal may be approved from then on
	Within perp.Time // and until then; zero: one person is enough
}

// proposal is a command that waits for its second person.
type proposal struct {
	ID      int64
	Person  string
	Reason  string
	At      perp.Time
	Command string
	Payload json.RawMessage
}

func (p proposal) until(t TwoPerson) perp.Time { return p.At + t.Within }

// alone tells whether one person asks for what needs two. The configuration at
// start is not the desk's.
func (e *Engine) alone(c perp.Command) (op perp.Operator, needs bool) {
	switch c := c.(type) {
	case perp.Deposit:
		op, needs = perp.Operator{Key: c.Key, By: c.By, Reason: c.Reason}, true
	case perp.Withdraw:
		op, needs = c.Operator, true
	case perp.OpenWithdrawals:
		op, needs = c.Operator, true
	case perp.BustTrade:
		op, needs = c.Operator, true
	case perp.SetMarket:
		m := e.markets[c.Symbol]
		op, needs = c.Operator, m != nil && (c.Mode < m.Mode || c.Mode == perp.ModeExpired)
	}
	return op, needs && op.By != "" && e.state.TwoPerson.Within > 0
}

// refuseAlone ends a command that one person may not give, and tells whether it did.
func (e *Engine) refuseAlone(c perp.Command) bool {
	op, needs := e.alone(c)
	if needs {
		v := perp.Verdict{Reject: perp.WrongState, Detail: "it needs a second person: propose it"}
		if e.state.Ledger.Used(op.Key) {
			v = perp.Verdict{Reject: perp.DuplicateKey, Detail: op.Key}
		}
		e.answer(op.Key, op.By, c.Kind(), v, "")
	}
	return needs
}

// propose keeps a command. Proposals whose time is over make room first.
func (e *Engine) propose(c perp.ProposeChange) {
	rule := e.state.TwoPerson
	what, err := Decode(c.Command, c.Payload)
	v := perp.Verdict{}
	switch _, needs := e.alone(what); {
	case e.state.Ledger.Used(c.Key):
		v = perp.Verdict{Reject: perp.DuplicateKey, Detail: c.Key}
	case c.Person == "":
		v = perp.Verdict{Reject: perp.WrongState, Detail: whoAsks}
	case err != nil:
		v = perp.Verdict{Reject: perp.BadRequest, Detail: "what is proposed is no command"}
	case !needs:
		v = perp.Verdict{Reject: perp.WrongState, Detail: "it needs no second person: do it"}
	case e.proposed() >= proposalsMax:
		v = perp.Verdict{Reject: perp.WrongState, Detail: fmt.Sprintf("%d proposals wait already", proposalsMax)}
	default:
		v = e.state.Ledger.UseKey(c.Key)
	}
	text := ""
	if v.OK() {
		e.state.Proposals = slices.DeleteFunc(e.state.Proposals, func(p proposal) bool { return e.now >= p.until(rule) })
		e.state.Proposed++
		p := proposal{ID: e.state.Proposed, Person: c.Person, Reason: c.Reason, At: e.now, Command: c.Command, Payload: c.Payload}
		e.state.Proposals = append(e.state.Proposals, p)
		text = fmt.Sprintf("proposal %d: another person may approve it after %s, within %s", p.ID, time.Duration(rule.After), time.Duration(rule.Within))
	}
	e.answer(c.Key, c.By, c.Kind(), v, text)
}

// proposed is how many proposals may still be approved.
func (e *Engine) proposed() (n int) {
	for _, p := range e.state.Proposals {
		if e.now < p.until(e.state.TwoPerson) {
			n++
		}
	}
	return n
}

// approve does what another person proposed, once: its answer is that of what was
// done, and whatever it is, the proposal is over.
func (e *Engine) approve(c perp.ApproveChange) {
	i := slices.IndexFunc(e.state.Proposals, func(p proposal) bool { return p.ID == c.Proposal })
	v := perp.Verdict{}
	refuse := func(format string, args ...any) {
		v = perp.Verdict{Reject: perp.WrongState, Detail: fmt.Sprintf(format, args...)}
	}
	rule := e.state.TwoPerson
	switch {
	case e.state.Ledger.Used(c.Key):
		v = perp.Verdict{Reject: perp.DuplicateKey, Detail: c.Key}
	case c.Person == "":
		refuse(whoAsks)
	case i < 0:
		refuse("proposal %d does not wait: there was none, or it is over", c.Proposal)
	case e.state.Proposals[i].Person == c.Person:
		refuse("proposal %d is %s's own: another person approves it", c.Proposal, c.Person)
	case e.now >= e.state.Proposals[i].until(rule):
		refuse("proposal %d has expired", c.Proposal)
	case e.now < e.state.Proposals[i].At+rule.After:
		left := time.Duration(e.state.Proposals[i].At + rule.After - e.now)
		refuse("proposal %d may be approved in %s", c.Proposal, left.Round(time.Millisecond))
	}
	if !v.OK() {
		e.answer(c.Key, c.By, c.Kind(), v, "")
		return
	}
	p := e.state.Proposals[i]
	e.state.Proposals = slices.Delete(slices.Clone(e.state.Proposals), i, i+1)
	what, err := Decode(p.Command, p.Payload)
	if err != nil {
		panic(perp.Fault{What: "proposal does not decode: " + err.Error(), Args: []int64{p.ID}})
	}
	why := fmt.Sprintf("proposal %d of %s: %s", p.ID, p.Person, p.Reason)
	from := len(e.out)
	e.perform(given(what, perp.Operator{Key: c.Key, By: c.By, Reason: why}))
	for i, ev := range e.out[from:] { // It answers the approval, and says what was approved.
		if a, ok := ev.(perp.OperatorAnswered); ok {
			a.Command = c.Kind()
			if a.Verdict.OK() {
				a.Text = fmt.Sprintf("proposal %d of %s: %s", p.ID, p.Person, a.Text)
			}
			e.out[from+i] = a
		}
	}
}

// given is a command of the desk as if somebody else had given it.
func given(c perp.Command, op perp.Operator) perp.Command {
	switch c := c.(type) {
	case perp.Deposit:
		c.Key, c.By, c.Reason = op.Key, op.By, op.Reason
		return c
	case perp.Withdraw:
		c.Operator = op
		return c
	case perp.OpenWithdrawals:
		c.Operator = op
		return c
	case perp.SetMarket:
		c.Operator = op
		return c
	case perp.BustTrade:
		c.Key, c.By = op.Key, op.By // The client is told the reason, and no more.
		return c
	}
	panic(perp.Fault{What: "proposal of " + c.Kind()})
}
