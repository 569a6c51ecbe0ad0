package acceptance

import (
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

// liveMax is how many ids a Flow remembers to cancel, change or repeat.
const liveMax = 200

// order sends a D with a new id.
func (w *Flow) order(flaw Flaw, symbol, side, size, kind, price, tif string, further ...string) error {
	id := w.id()
	body := []string{"11=" + id, "1=" + w.Account, "55=" + symbol, "54=" + side, "60=" + Now(), "38=" + size, "40=" + kind}
	if price != "" {
		body = append(body, "44="+price)
	}
	if tif != "" {
		body = append(body, "59="+tif)
	}
	body = append(body, further...)
	if flaw == (Flaw{}) {
		w.remember(id, body)
	}
	return w.send("D", flaw, body...)
}

func (w *Flow) remember(id string, body Fields) {
	w.terms[id] = body
	if w.live = append(w.live, id); len(w.live) > liveMax {
		if old := w.live[0]; !w.Promises.working[w.Promises.orders[old]] {
			delete(w.terms, old)
		}
		w.live = w.live[1:]
	}
}

// aggressive sends an order that deals at once if it can.
func (w *Flow) aggressive() error {
	side, at := w.side()
	size := w.t.size()
	if w.Leverage.IsPositive() && w.Promises.Position.Abs().LessThan(decimal.NewFromInt(1)) && w.chance(20) {
		if price := dec(at.price); price.IsPositive() && w.Promises.Cash.IsPositive() {
			size = w.Promises.Cash.Mul(w.Leverage).Div(price).Div(w.t.Lot).Floor().Mul(w.t.Lot).String()
		}
		if dec(size).IsZero() {
			size = w.t.Lot.String()
		}
		return w.order(Flaw{}, w.Symbol, side, size, "1", "", "3")
	}
	switch w.t.pick(8) {
	case 0, 1:
		return w.order(Flaw{}, w.Symbol, side, size, "1", "", []string{"", "3", "4"}[w.t.pick(3)])
	case 2:
		return w.order(Flaw{}, w.Symbol, side, size, "2", w.t.away(side, -20), []string{"3", "4"}[w.t.pick(2)])
	case 3:
		return w.order(Flaw{}, w.Symbol, side, size, "2", w.t.away(side, 50), []string{"3", "4"}[w.t.pick(2)])
	case 4:
		return w.order(Flaw{}, w.Symbol, side, size, "1", "", "3", "110="+w.t.Lot.String(), "22081="+strconv.Itoa(1+w.t.pick(20)))
	case 5:
		return w.order(Flaw{}, w.Symbol, side, size, "1", "", "3", []string{"18=E", "77=C", "77=O"}[w.t.pick(3)])
	case 6: // One that deals on what the market data show.
		return w.order(Flaw{}, w.Symbol, side, w.t.Lot.String(), "D", at.price, "4", "117="+orNone(at.id))
	default:
		return w.onQuote()
	}
}

// onQuote deals on a quote that was asked for, as D or as AJ, or asks for one.
func (w *Flow) onQuote() error {
	if len(w.quotes) == 0 {
		return w.quoteRequest()
	}
	q := w.quotes[len(w.quotes)-1]
	w.quotes = w.quotes[:len(w.quotes)-1]
	side, price, size := "1", q.Get(133), q.Get(135)
	if price == "" || q.Get(132) != "" && w.chance(50) {
		side, price, size = "2", q.Get(132), q.Get(134)
	}
	tif := []string{"3", "4"}[w.t.pick(2)]
	if w.Promises.Old || w.chance(50) {
		return w.order(Flaw{}, w.Symbol, side, size, "D", price, tif, "117="+q.Get(117))
	}
	id := w.id()
	w.remember(id, Fields{"54=" + side, "40=D", "59=4"})
	return w.send("AJ", Flaw{}, "693=J"+id, "694=1", "117="+q.Get(117), "537=1", "11="+id, "55="+w.Symbol, "54="+side,
		"38="+size, "44="+price, "60="+Now(), "1="+w.Account)
}

// resting sends an order that waits: off the market, for a time, or for a price.
func (w *Flow) resting() error {
	side, _ := w.side()
	size := w.t.size()
	until := func(d time.Duration) string { return "126=" + stamp(time.Now().Add(d)) }
	switch w.t.pick(7) {
	case 0, 1:
		return w.order(Flaw{}, w.Symbol, side, size, "2", w.t.away(side, int64(w.t.pick(25)-2)), []string{"", "1"}[w.t.pick(2)])
	case 2:
		return w.order(Flaw{}, w.Symbol, side, size, "2", w.t.away(side, int64(5+w.t.pick(20))), "6", until(time.Duration(w.t.pick(800)-50)*time.Millisecond))
	case 3:
		return w.order(Flaw{}, w.Symbol, side, size, "2", w.t.away(side, int64(w.t.pick(12)-3)), "1", "18=6")
	case 4:
		return w.order(Flaw{}, w.Symbol, side, size, "2", w.t.away(side, int64(1+w.t.pick(10))), "1", "18=E")
	case 5:
		return w.order(Flaw{}, w.Symbol, side, size, "3", "", "1", "99="+w.t.away(side, -int64(w.t.pick(6))), "22080="+strconv.Itoa(1+w.t.pick(3)))
	default:
		return w.order(Flaw{}, w.Symbol, side, size, "4", w.t.away(side, -int64(w.t.pick(16))), "1",
			"99="+w.t.away(side, -int64(w.t.pick(6))), "22080="+strconv.Itoa(1+w.t.pick(3)))
	}
}

// known picks an order of the last ones, more often one that may still fill, and
// tells its latest id.
func (w *Flow) known() (first, latest string, ok bool) {
	if len(w.live) == 0 {
		return "", "", false
	}
	for range knownTries {
		first = w.live[w.t.pick(len(w.live))]
		if w.Promises.working[w.Promises.orders[first]] {
			break
		}
	}
	return first, w.Promises.orders[first].latest, true
}

// knownTries is how often known looks for an order that may still fill.
const knownTries = 4

// cancel sends F for the order that an id belongs to.
func (w *Flow) cancel(latest, id string) error {
	side := w.terms[w.Promises.first(latest)].Get(54)
	if side == "" {
		side = "1"
	}
	return w.send("F", Flaw{}, "41="+latest, "11="+id, "55="+w.Symbol, "54="+side, "60="+Now(), "38="+w.t.Lot.String())
}

// change cancels or replaces one of the last orders, whatever its state is; some
// requests go to one order in a row.
func (w *Flow) change() error {
	first, latest, ok := w.known()
	if !ok {
		return w.resting()
	}
	id := w.id()
	if w.chance(50) {
		return w.cancel(latest, id)
	}
	of := w.terms[first]
	side, kind, tif := of.Get(54), of.Get(40), of.Get(59)
	body := []string{"41=" + latest, "11=" + id, "55=" + w.Symbol, "54=" + side, "60=" + Now(), "38=" + w.t.size(), "40=" + kind}
	if kind == "2" || kind == "4" || kind == "D" {
		body = append(body, "44="+w.t.away(side, int64(w.t.pick(25)-2)))
	}
	if kind == "3" || kind == "4" {
		body = append(body, "99="+w.t.away(side, -int64(w.t.pick(6))))
	}
	if tif != "" {
		body = append(body, "59="+tif)
	}
	if err := w.send("G", Flaw{}, body...); err != nil || !w.chance(30) {
		return err
	}
	// The next one builds upon an answer that is not there yet.
	return w.cancel(id, w.id())
}

// repeat sends the id of an order again: with other terms, or as a possible
// repetition with the same ones or others.
func (w *Flow) repeat() error {
	first, _, ok := w.known()
	if !ok || w.Promises.find("again "+first) != nil || w.Promises.orders[first].status == "8" {
		return w.resting()
	}
	of := w.terms[first]
	other := Fields{"11=" + first, "1=" + w.Account, "55=" + w.Symbol, "54=" + of.Get(54), "60=" + Now(), "38=77", "40=1", "59=3"}
	// The id of an order that is refused later is free again.
	says := func(word string) Flaw {
		if w.Promises.orders[first].status == "" {
			return Flaw{}
		}
		return Flaw{Token: word}
	}
	switch w.t.pick(3) {
	case 0:
		return w.send("D", says("DUPLICATE_CLORDID"), other...)
	case 1:
		return w.possible(says("POSSRESEND_MISMATCH"), other)
	}
	if of.Get(11) == "" { // It was an AJ.
		return w.resting()
	}
	return w.possible(Flaw{}, of)
}

// possible sends a D that may be a repetition.
func (w *Flow) possible(flaw Flaw, body Fields) error {
	w.n++
	seq, err := w.Client.SendPossible("D", body...)
	w.Promises.Sent(seq, "D", body, flaw)
	return err
}

// status asks for an order.
func (w *Flow) status(id, side string) error {
	body := []string{"11=" + id, "55=" + w.Symbol, "54=" + side}
	if w.Promises.Old {
		if w.Promises.find("H of "+w.Promises.first(id)) != nil {
			return nil
		}
		return w.send("H", Flaw{}, body...)
	}
	return w.send("H", Flaw{}, append(body, "790=H"+w.id())...)
}
