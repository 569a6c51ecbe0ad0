package ledger

import (
	"slices"
	"strings"

	"backstop/perp"
)

// index finds rows without a search, so that an order costs the same however many
// accounts and markets there are. It is no state: it is made again from the rows.
type index struct {
	markets map[string]*market
	clients map[string]*party
	last    *party                          // that was looked for
	others  map[perp.LedgerAccount]*Balance // rows that have no place of their own
	changed []string                        // markets, since they were last asked for
	mixed   bool                            // rows are not sorted
}

// market is what the books have on one market: the maker's rows, as far as they
// exist, and the book once there is one.
type market struct {
	symbol                               string
	book                                 *book
	pool, equity, fees, insurance, claim *Balance
	changed                              bool
}

// party is what the books have on one client.
type party struct {
	account string
	cash    *Balance
	stakes  []*stake // markets in which it ever had a row, sorted by symbol
	open    []*stake // those in which it has anything now
}

// stake is what a client has in one market; either part may be missing.
type stake struct {
	client *party
	market *market
	holder *holder
	claim  *Balance
	open   bool
}

// Stake is what an account has at stake in a market.
type Stake struct {
	Symbol   string
	Position perp.Position
	Claim    perp.Money
	Funding  perp.Money // as Ledger.Funding
}

// reindex makes the index from the rows. All markets count as changed.
func (l *Ledger) reindex() {
	l.x = index{markets: map[string]*market{}, clients: map[string]*party{}, others: map[perp.LedgerAccount]*Balance{}}
	for _, b := range l.s.Books {
		l.x.market(b.Symbol).book = b
	}
	for _, r := range l.s.Rows {
		l.x.file(r)
	}
	for _, b := range l.s.Books {
		l.x.touch(l.x.market(b.Symbol))
		for _, h := range b.Holders {
			s := l.x.stake(h.Account, b.Symbol)
			s.holder, h.stake = h, s
			s.weigh()
		}
	}
}

func (x *index) market(symbol string) *market {
	m := x.markets[symbol]
	if m == nil {
		m = &market{symbol: symbol}
		x.markets[symbol] = m
	}
	return m
}

func (x *index) touch(m *market) {
	if !m.changed {
		m.changed = true
		x.changed = append(x.changed, m.symbol)
	}
}

func (x *index) client(account string) *party {
	c := x.known(account)
	if c == nil {
		c = &party{account: account}
		x.clients[account] = c
	}
	return c
}

// known is a client of whom there is a row, or nil. Most of a command is about one.
func (x *index) known(account string) *party {
	if c := x.last; c != nil && c.account == account {
		return c
	}
	c := x.clients[account]
	if c != nil {
		x.last = c
	}
	return c
}

func (x *index) stake(account, symbol string) *stake {
	c := x.client(account)
	i, found := at(c.stakes, symbol)
	if !found {
		c.stakes = slices.Insert(c.stakes, i, &stake{client: c, market: x.market(symbol)})
	}
	return c.stakes[i]
}

func at(stakes []*stake, symbol string) (int, bool) {
	return slices.BinarySearchFunc(stakes, symbol, func(s *stake, symbol string) int { return strings.Compare(s.market.symbol, symbol) })
}

// weigh files a stake among the open ones, or takes it out.
func (s *stake) weigh() {
	open := s.holder != nil && (s.holder.Size != 0 || s.holder.Pending != 0) || s.claim.amount() != 0
	if open == s.open {
		return
	}
	s.open = open
	list := &s.client.open
	i, _ := at(*list, s.market.symbol)
	if open {
		*list = slices.Insert(*list, i, s)
	} else {
		*list = slices.Delete(*list, i, i+1)
	}
}

// fund is where the maker's row of this name is kept.
func (m *market) fund(name string) **Balance {
	switch name {
	case perp.Pool:
		return &m.pool
	case perp.Equity:
		return &m.equity
	case perp.Fees:
		return &m.fees
	case perp.Insurance:
		return &m.insurance
	case perp.Claim:
		return &m.claim
	}
	return nil
}

// file gives a row its place.
func (x *index) file(r *Balance) {
	switch a := r.Account; {
	case a.Owner == perp.Maker:
		if p := x.market(a.Symbol).fund(a.Name); p != nil {
			*p = r
			return
		}
	case a.Owner == perp.Outside:
	case a.Name == perp.Cash && a.Symbol == "":
		x.client(a.Owner).cash = r
		return
	case a.Name == perp.Claim:
		s := x.stake(a.Owner, a.Symbol)
		s.claim = r
		s.weigh()
		return
	}
	x.others[r.Account] = r
}

// row is the row of an account, or nil.
func (x *index) row(a *perp.LedgerAccount) *Balance {
	switch {
	case a.Owner == perp.Maker:
		m := x.markets[a.Symbol]
		if m == nil {
			return nil
		}
		if p := m.fund(a.Name); p != nil {
			return *p
		}
	case a.Owner == perp.Outside:
	case a.Name == perp.Cash && a.Symbol == "":
		if c := x.known(a.Owner); c != nil {
			return c.cash
		}
		return nil
	case a.Name == perp.Claim:
		if s := x.find(a.Owner, a.Symbol); s != nil {
			return s.claim
		}
		return nil
	}
	return x.others[*a]
}

// find is the stake of a client in a market, or nil.
func (x *index) find(account, symbol string) *stake {
	if c := x.known(account); c != nil {
		if i, found := at(c.stakes, symbol); found {
			return c.stakes[i]
		}
	}
	return nil
}

// Stakes appends what an account has in each market, sorted by symbol. Markets in
// which it has nothing are left out.
func (l *Ledger) Stakes(account string, out []Stake) []Stake {
	c := l.x.known(account)
	if c == nil {
		return out
	}
	for _, s := range c.open {
		one := Stake{Symbol: s.market.symbol, Claim: s.claim.amount()}
		if h := s.holder; h != nil {
			one.Position, one.Funding = h.Position, perp.Add(h.Pending, s.market.book.accrued(h))
		}
		out = append(out, one)
	}
	return out
}

// CheckChanged checks as Check does, but of the markets only those that changed
// since it was last asked, and names them. The list is good until the next change.
func (l *Ledger) CheckChanged() (symbols []string, err error) {
	if err := l.checkSums(); err != nil {
		return nil, err
	}
	for _, symbol := range l.x.changed {
		m := l.x.markets[symbol]
		m.changed = false
		if m.book != nil {
			if err := m.book.check(); err != nil {
				return nil, err
			}
		}
	}
	symbols, l.x.changed = l.x.changed, l.x.changed[:0]
	return symbols, nil
}
