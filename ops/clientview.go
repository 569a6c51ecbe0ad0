package ops

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"backstop/perp"
)

// Client is one session in one market: the terms on which it is quoted, what
// became of its held orders, and what its fills looked like later. Counts are
// since the start.
type Client struct {
	Session        string   `json:"session"`
	Symbol         string   `json:"symbol"`
	Tier           string   `json:"tier"`
	Surcharge      string   `json:"surcharge"` // added to each half-spread
	SurchargeUnits int64    `json:"surcharge_units"`
	Why            string   `json:"why,omitempty"`
	Score          string   `json:"score"` // t statistic behind the tier
	ScoreUnits     int64    `json:"score_units"`
	Until          string   `json:"held_until,omitempty"` // end of a strike
	Held           int64    `json:"held"`
	Accepted       int64    `json:"accepted"`
	Improved       int64    `json:"improved"`
	Current        int64    `json:"current"`
	Against        int64    `json:"refused_price"`
	Invalid        int64    `json:"refused_validity"`
	Expired        int64    `json:"refused_expired"`
	Marks          []Marked `json:"markouts"`
}

// Marked is how the price moved for the client within one horizon, on average
// over its newest fills and refusals; positive is in its favour.
type Marked struct {
	Horizon     int64  `json:"horizon_ms"`
	Fills       int64  `json:"fills"`
	Move        string `json:"fills_move"`
	MoveUnits   int64  `json:"fills_move_units"`
	Refusals    int64  `json:"refusals"`
	Turned      string `json:"refusals_move"`
	TurnedUnits int64  `json:"refusals_move_units"`
}

// Classes are the quotes that are not everybody's, and whose they are.
type Classes struct {
	Accounts []Access     `json:"accounts"`
	Clients  []Client     `json:"clients"`
	Quotes   []ClassQuote `json:"quotes"`
}

// Access is which sessions may trade an account.
type Access struct {
	Account  string   `json:"account"`
	Sessions []string `json:"sessions"`
}

// ClassQuote is the newest offer to the clients of one tier and surcharge.
type ClassQuote struct {
	Symbol         string      `json:"symbol"`
	Tier           string      `json:"tier"`
	Surcharge      string      `json:"surcharge"`
	SurchargeUnits int64       `json:"surcharge_units"`
	Version        int64       `json:"quote_version"`
	Time           string      `json:"quote_time"`
	Bids           []Level     `json:"bids"`
	Asks           []Level     `json:"asks"`
	BidParts       []Component `json:"bid_components"`
	AskParts       []Component `json:"ask_components"`
}

// Horizon names how long after an order a markout looks: 100ms, 1s, 60s.
func Horizon(t perp.Time) string {
	if t%perp.Second == 0 {
		return strconv.FormatInt(int64(t/perp.Second), 10) + "s"
	}
	return strconv.FormatInt(int64(t/perp.Millisecond), 10) + "ms"
}

// Classes tells who is quoted on which terms.
func (m *Model) Classes() Classes {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c := Classes{Accounts: []Access{}, Clients: m.clientViews(), Quotes: []ClassQuote{}}
	for _, name := range slices.Sorted(maps.Keys(m.accounts)) {
		c.Accounts = append(c.Accounts, Access{name, slices.Clone(m.accounts[name])})
	}
	for _, symbol := range m.order {
		quotes := m.markets[symbol].classes.quotes
		for _, class := range slices.SortedFunc(maps.Keys(quotes), byClass) {
			q := quotes[class]
			c.Quotes = append(c.Quotes, ClassQuote{
				symbol, class.Tier.String(), class.Surcharge.String(), int64(class.Surcharge), q.Version, stampOf(q.Time),
				levels(q.Bids), levels(q.Asks), components(q.BidParts), components(q.AskParts),
			})
		}
	}
	return c
}

func byClass(a, b perp.Class) int {
	return cmp.Or(cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Surcharge, b.Surcharge))
}

// clientKeys are all clients in a fixed order; the lock is held.
func (m *Model) clientKeys() []clientKey {
	return slices.SortedFunc(maps.Keys(m.clients), func(a, b clientKey) int {
		return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.symbol, b.symbol))
	})
}

func (m *Model) clientViews() []Client {
	all := make([]Client, 0, len(m.clients))
	for _, key := range m.clientKeys() {
		all = append(all, m.clients[key].view(key))
	}
	return all
}

func (c *client) view(key clientKey) Client {
	g := c.grade
	v := Client{
		Session: key.session, Symbol: key.symbol, Tier: g.Class.Tier.String(), Surcharge: g.Class.Surcharge.String(),
		SurchargeUnits: int64(g.Class.Surcharge), Why: g.Why, Score: g.Score.String(), ScoreUnits: int64(g.Score), Until: stampOf(g.Until),
		Accepted: c.looks[perp.LookAccepted], Improved: c.looks[perp.LookImproved], Current: c.looks[perp.LookCurrent],
		Against: c.looks[perp.LookAgainst], Invalid: c.looks[perp.LookInvalid], Expired: c.looks[perp.LookExpired], Marks: []Marked{},
	}
	for _, n := range c.looks {
		v.Held += n
	}
	for _, x := range c.marks {
		fills, turned := x.fills.mean(), x.refusals.mean()
		v.Marks = append(v.Marks, Marked{
			int64(x.horizon / perp.Millisecond), x.fills.count(), fills.String(), int64(fills), x.refusals.count(), turned.String(), int64(turned),
		})
	}
	return v
}
