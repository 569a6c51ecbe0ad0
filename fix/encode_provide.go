package fix

import (
	"strconv"

	"backstop/perp"
)

// laidOff opens Text(58) of a report about an order that the gateway made to deal on
// a provider's quote.
const laidOff = "LAID_OFF"

// quotesProvided answers a provider (b). Only entries that are refused are listed.
func quotesProvided(ev perp.QuotesProvided, at perp.Time) *body {
	b := newBody("b").add(117, ev.QuoteID)
	if ev.Verdict.OK() {
		b.add(297, massAccepted).opt(1, ev.Account)
		return b.nanos(22005, at).nanos(22006, ev.Origin.Arrival)
	}
	b.add(297, massRefused).num(300, massQuoteCode(ev.Verdict.Reject)).opt(1, ev.Account).refusal(ev.Verdict)
	var sets [][]pair
	var entries [][]pair
	close := func() {
		if n := len(sets); n > 0 {
			sets[n-1] = append(sets[n-1], pair{304, strconv.Itoa(len(entries))}, pair{295, groupValue(entries)})
		}
		entries = nil
	}
	for _, x := range ev.Entries {
		if x.Verdict.OK() {
			continue
		}
		if n := len(sets); n == 0 || sets[n-1][0].value != x.Set {
			close()
			sets = append(sets, []pair{{302, x.Set}})
		}
		entry := []pair{{299, x.ID}}
		if x.Symbol != "" {
			entry = append(entry, pair{55, x.Symbol})
		}
		entries = append(entries, append(entry, pair{368, strconv.Itoa(massQuoteCode(x.Verdict.Reject))}))
	}
	close()
	if len(sets) > 0 {
		b.group(296, sets...)
	}
	return b.nanos(22005, at).nanos(22006, ev.Origin.Arrival)
}

// quotesPulled tells a provider that its quotes stand no more in a market (AI).
func quotesPulled(ev perp.QuotesPulled, at perp.Time) *body {
	said := text(ev.Why)
	if ev.Until != 0 {
		said += " until=" + stamp(ev.Until)
	}
	b := newBody("AI").add(117, ev.QuoteID).add(537, "1").add(55, ev.Symbol).time(60, at).num(297, quoteStatuses[perp.QuoteCanceled])
	return b.add(58, said).add(22004, ev.Why.Reject.String()).nanos(22005, at)
}
