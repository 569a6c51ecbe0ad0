package sim

import (
	"fmt"
	"slices"

	"backstop/perp"
)

// apply runs one command through the engine, checks its events and lets
// everybody hear them.
func (t *trial) apply(c perp.Command, now perp.Time) error {
	events := t.engine.Apply(c, t.engine.Seq()+1, trialStart+now)
	if err := t.checker.After(c, t.checked(events)); err != nil {
		return fmt.Errorf("%s: %w", c.Kind(), err)
	}
	for _, ev := range events {
		if h, is := ev.(perp.Hedged); is && !h.Verdict.OK() {
			return fmt.Errorf("the market refuses report %d of its venue: %+v", h.Number, h.Verdict)
		}
		t.hear(ev, now)
	}
	return nil
}

func (t *trial) hear(ev perp.Event, now perp.Time) {
	switch ev := ev.(type) {
	case perp.QuoteChanged:
		t.quote = ev.Quote
		t.nextLk = min(t.nextLk, grid(now))
		t.score.quoted(ev.Quote)
	case perp.ClassQuoted:
		t.quotes[ev.Quote.Class] = ev.Quote
		t.nextLk = min(t.nextLk, grid(now))
	case perp.ClientGraded:
		t.grades[ev.Session] = ev.Class
		t.score.graded(t.byName[ev.Session], ev)
	case perp.StateChanged:
		t.score.state = ev.To
	case perp.OrderRejected:
		t.refused = !t.score.held[ev.Order.OrderID]
		delete(t.score.held, ev.Order.OrderID)
	case perp.OrderHeld:
		t.score.held[ev.Order.OrderID] = true
	case perp.LastLook:
		t.score.looked(t.byName[ev.Account], ev)
	case perp.Filled:
		if ev.Order.Provided {
			t.score.laidOff++
			return
		}
		x := t.byName[ev.Order.Account]
		x.dealt()
		t.score.filled(x, ev, now, t.truth(now), now-t.ticked)
	case perp.HedgeWanted:
		t.score.hedges++
		t.venue.Want(ev, trialStart+now)
	}
}

// checked leaves out the quotes of the designs that keep no distance from the
// oracle price: it is what they are compared for.
func (t *trial) checked(events []perp.Event) []perp.Event {
	if t.design.honest() {
		return events
	}
	return slices.DeleteFunc(slices.Clone(events), func(ev perp.Event) bool {
		switch ev.(type) {
		case perp.QuoteChanged, perp.ClassQuoted:
			return true
		}
		return false
	})
}
