package engine

import (
	"fmt"
	"reflect"
	"strings"

	"backstop/perp"
	"backstop/risk"
)

// provides reads what liquidity providers do: protect (the protection of an
// account) and provide, with who, id, then key=value words; bid and ask are price x
// size, further entries stand behind a comma.
func (s *script) provides(f []string) perp.Command {
	if f[0] == "protect" {
		k := words(f[2:])
		p := risk.Protection{
			Fills: s.number(or(k["fills"], "0")), Size: must(perp.ParseSize(or(k["size"], "0"))),
			Notional: must(perp.ParseMoney(or(k["notional"], "0"))), Window: perp.Time(s.number(or(k["window"], "0"))) * perp.Millisecond,
			Cool: perp.Time(s.number(or(k["cool"], "0"))) * perp.Millisecond,
		}
		return Configure{Accounts: []risk.Account{{Name: f[1], Sessions: []string{f[1]}, Limits: risk.DefaultLimits(), Protection: p}}}
	}
	s.msg++
	k := words(f[3:])
	c := perp.ProvideQuotes{
		Origin: perp.Origin{Session: f[1], InSeq: s.msg, Arrival: s.now, Sent: s.now}, QuoteID: f[2], Account: or(k["account"], f[1]),
		Reset: k["reset"] == "yes",
	}
	bids, asks := strings.Split(k["bid"], ","), strings.Split(k["ask"], ",")
	for i := range max(len(bids), len(asks)) {
		x := perp.ProvidedQuote{Set: "1", ID: fmt.Sprintf("%s.%d", f[2], i), Symbol: or(k["symbol"], "BTC-PERP"), Bid: rung(bids, i), Ask: rung(asks, i)}
		if k["for"] != "" {
			x.Until = s.now + perp.Time(s.number(k["for"]))*perp.Millisecond
		}
		c.Entries = append(c.Entries, x)
	}
	return c
}

func rung(words []string, at int) perp.Level {
	if at >= len(words) || words[at] == "" {
		return perp.Level{}
	}
	price, size, _ := strings.Cut(words[at], "x")
	return perp.Level{Price: must(perp.ParsePrice(price)), Size: must(perp.ParseSize(size))}
}

func (s *script) showProvided(ev perp.Event) string {
	switch ev := ev.(type) {
	case perp.QuotesProvided:
		text := fmt.Sprintf("provided %s %s", ev.QuoteID, or(ev.Verdict.Reject.String(), "taken"))
		for _, x := range ev.Entries {
			if !x.Verdict.OK() {
				text += fmt.Sprintf(", %s %s %s", x.ID, x.Verdict.Reject, x.Verdict.Detail)
			}
		}
		return text
	case perp.QuotesPulled:
		return fmt.Sprintf("pulled %s of %s in %s: %s %s", ev.QuoteID, ev.Account, ev.Symbol, ev.Why.Reject, ev.Why.Detail)
	case perp.ProviderStated:
		if !s.stating {
			return ""
		}
		text := fmt.Sprintf("stated %s %s: ", ev.Symbol, ev.Account)
		for _, q := range ev.Quotes {
			text += fmt.Sprintf("%s %s %s at %s, ", q.Entry, q.Side, q.Level.Size, q.Level.Price)
		}
		if ev.Frozen {
			return text + "frozen"
		}
		return text + fmt.Sprint(len(ev.Quotes))
	case perp.LaidOff:
		return fmt.Sprintf("laid off %s at %s to %s on %s", ev.Size, ev.Price, ev.Account, ev.EntryID)
	case perp.HedgeWanted:
		return fmt.Sprintf("wants %s outside", ev.Size)
	}
	return ""
}

// states holds what was stated of providers against what they quote.
func (s *script) states(events []perp.Event) {
	for _, ev := range events {
		if p, ok := ev.(perp.ProviderStated); ok {
			s.stated[[2]string{p.Symbol, p.Account}] = p
		}
	}
	known := 0
	for _, m := range s.e.state.Markets {
		for _, p := range m.Providers {
			if told := s.stated[[2]string{m.Instrument.Symbol, p.Account}]; !reflect.DeepEqual(told, m.stateOf(p.Account)) {
				s.t.Errorf("stated %+v, is %+v", told, m.stateOf(p.Account))
			}
			if len(p.Quotes) > 0 || p.Frozen {
				known++
			}
		}
	}
	for _, told := range s.stated {
		if len(told.Quotes) > 0 || told.Frozen {
			known--
		}
	}
	if known != 0 {
		s.t.Errorf("%d more providers than are stated", known)
	}
}
