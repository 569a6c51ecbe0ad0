package ledger

import (
	"slices"
	"strconv"
	"strings"

	"backstop/perp"
)

// BalanceMax bounds the total of all deposits, so that no sum of balances can
// overflow: about 4e12 units of quote currency.
const BalanceMax perp.Money = 4_000_000_000_000_000_000

// Ledger is the state of the books. The zero value is only good to be read
// into; New makes one ready to use. It is not safe for concurrent use.
type Ledger struct {
	s state
	x index
	w writer // of the last fill; its memory is used again
}

// state is all that is kept. Every slice is sorted, when it is read, or in order of arrival;
// nothing is a map, so the same books have the same bytes.
type state struct {
	Rows        []*Balance
	Books       []*book
	Keys        []string // of deposits made, sorted
	Transfers   int64    // number of the last transfer
	Settlements int64    // number of the last settlement
	CashSum     perp.Money
	ClaimSum    perp.Money
}

// Balance is one account of the books and what it holds.
type Balance struct {
	Account perp.LedgerAccount
	Amount  perp.Money
}

// book is what the ledger keeps for one market.
type book struct {
	Symbol  string
	Holders []*holder     // clients that ever dealt here, sorted by account
	Maker   perp.Position // minus the sum of the clients, size and entry
	Net     perp.Size     // running sum of the clients' sizes
	Entry   perp.Money    // running sum of the clients' entries
	Long    perp.Size     // sum of the clients' long sizes
	Short   perp.Size     // sum of the clients' short sizes, as a positive number
	Settled perp.Money    // sum of the clients' settled cash
	Waiting []string      // accounts with a positive claim, sorted
	Owing   []string      // accounts with a negative claim, sorted
	// Funding since it was last booked: what a long pays and a short receives
	// per base unit, in 1e-12 quote.
	FundLong, FundShort int64
	// The same of all that was booked: clients are told what ran since the listing.
	PaidLong, PaidShort perp.FundingIndex

	mixed bool // Holders are not sorted
}

type holder struct {
	Account string
	perp.Position
	Settled perp.Money
	Index   int64      // of the position's side when it last changed
	Pending perp.Money // funding accrued by earlier sizes, not yet booked
	stake   *stake
}

// Holding is one position as the outside may see it.
type Holding struct {
	Account  string
	Symbol   string
	Position perp.Position
	Settled  perp.Money // cash settled since the account first dealt here
}

// New returns empty books.
func New() *Ledger {
	l := &Ledger{}
	l.reindex()
	return l
}

// Deposit moves collateral from outside into a client's cash, or into the
// maker's equity or insurance in a market, then settles what can be settled
// with it. What does not stand is refused and changes nothing: a key that was
// used before, no owner or key, an amount that is not positive or too large.
func (l *Ledger) Deposit(d perp.Deposit) (perp.Verdict, []perp.Event) {
	to := cashOf(d.Account)
	source := perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}
	switch {
	case d.Account == "" || d.Account == perp.Outside:
		return perp.Verdict{Reject: perp.UnknownAccount, Detail: d.Account}, nil
	case d.Account == perp.Maker && d.Symbol == "":
		return perp.Verdict{Reject: perp.UnknownSymbol}, nil
	case d.Account == perp.Maker && d.Fund != "" && d.Fund != perp.Equity && d.Fund != perp.Insurance:
		return perp.Verdict{Reject: perp.BadRequest, Detail: "fund " + d.Fund}, nil
	case d.Amount <= 0 || d.Amount > BalanceMax || l.Balance(source) < d.Amount-BalanceMax:
		return perp.Verdict{Reject: perp.OutOfRange, Have: int64(d.Amount), Need: int64(BalanceMax), Detail: "amount"}, nil
	}
	if v := l.UseKey(d.Key); !v.OK() {
		return v, nil
	}
	if d.Account == perp.Maker {
		to = of(d.Fund, d.Symbol)
		if d.Fund == "" {
			to.Name = perp.Equity
		}
	}
	var w writer
	l.transfer(&w, source, to, d.Amount, perp.DepositMade, d.Key)
	for _, b := range l.s.Books {
		if d.Account == perp.Maker && b.Symbol == d.Symbol || l.Balance(claimOf(d.Account, b)) < 0 {
			l.settle(&w, b)
		}
	}
	return perp.Verdict{}, w.events
}

// Withdraw moves cash out: a client's, or of the maker's equity or insurance in
// a market. Whether it may is the caller's to say; that it is there is checked.
func (l *Ledger) Withdraw(d perp.Withdraw) (perp.Verdict, []perp.Event) {
	from := cashOf(d.Account)
	if d.Account == perp.Maker {
		from = of(d.Fund, d.Symbol)
		if d.Fund == "" {
			from.Name = perp.Equity
		}
	}
	if have := l.Balance(from); d.Amount <= 0 || d.Amount > have || d.Account == perp.Outside {
		return perp.Verdict{Reject: perp.InsufficientFunds, Need: int64(d.Amount), Have: int64(have), Detail: from.String()}, nil
	}
	if v := l.UseKey(d.Key); !v.OK() {
		return v, nil
	}
	var w writer
	l.transfer(&w, from, perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}, d.Amount, perp.WithdrawalMade, d.Key)
	return perp.Verdict{}, w.events
}

// UseKey notes the key of a desk command; one that was used before, or none at
// all, is refused.
func (l *Ledger) UseKey(key string) perp.Verdict {
	i, seen := slices.BinarySearch(l.s.Keys, key)
	switch {
	case key == "":
		return perp.Verdict{Reject: perp.BadRequest, Detail: "no key"}
	case seen:
		return perp.Verdict{Reject: perp.DuplicateKey, Detail: key}
	}
	l.s.Keys = slices.Insert(l.s.Keys, i, key)
	return perp.Verdict{}
}

// Used tells whether a key was used.
func (l *Ledger) Used(key string) bool {
	_, seen := slices.BinarySearch(l.s.Keys, key)
	return seen
}

// Clone is a copy that changes on its own.
func (l *Ledger) Clone() *Ledger {
	l.sort()
	c := &Ledger{s: l.s}
	c.s.Rows, c.s.Keys = cloned(l.s.Rows), slices.Clone(l.s.Keys)
	c.s.Books = make([]*book, len(l.s.Books))
	for i, b := range l.s.Books {
		other := *b
		other.Holders, other.Waiting, other.Owing = cloned(b.Holders), slices.Clone(b.Waiting), slices.Clone(b.Owing)
		c.s.Books[i] = &other
	}
	c.reindex()
	return c
}

// cloned copies what a list points at.
func cloned[T any](list []*T) []*T {
	if list == nil {
		return nil
	}
	values, all := make([]T, len(list)), make([]*T, len(list))
	for i, v := range list {
		values[i] = *v
		all[i] = &values[i]
	}
	return all
}

// ClientCash is the cash of all clients.
func (l *Ledger) ClientCash() (sum perp.Money) {
	for _, r := range l.s.Rows {
		if r.Account.Name == perp.Cash {
			sum = perp.Add(sum, r.Amount)
		}
	}
	return sum
}

func cashOf(account string) perp.LedgerAccount {
	return perp.LedgerAccount{Owner: account, Name: perp.Cash}
}

// Balance is what the account holds; zero if it never held anything.
func (l *Ledger) Balance(a perp.LedgerAccount) perp.Money {
	return l.x.row(&a).amount()
}

// Balances returns every account, sorted by owner, name and market.
func (l *Ledger) Balances() []Balance {
	all := make([]Balance, len(l.s.Rows))
	for i, r := range l.rows() {
		all[i] = *r
	}
	return all
}

// Position is the open position of an account, the maker's included.
func (l *Ledger) Position(account, symbol string) perp.Position {
	b := l.look(symbol)
	if b == nil {
		return perp.Position{}
	}
	if account == perp.Maker {
		return b.Maker
	}
	if h := l.held(account, symbol); h != nil {
		return h.Position
	}
	return perp.Position{}
}

// Positions returns every position that was ever opened, flat ones and the
// maker's included, sorted by account and market.
func (l *Ledger) Positions() []Holding {
	var all []Holding
	for _, b := range l.s.Books {
		all = append(all, Holding{perp.Maker, b.Symbol, b.Maker, -b.Settled})
		for _, h := range b.holders() {
			all = append(all, Holding{h.Account, b.Symbol, h.Position, h.Settled})
		}
	}
	slices.SortFunc(all, func(a, b Holding) int {
		if c := strings.Compare(a.Account, b.Account); c != 0 {
			return c
		}
		return strings.Compare(a.Symbol, b.Symbol)
	})
	return all
}

// OpenInterest returns the sums of the clients' long and of their short
// positions, both as positive numbers.
func (l *Ledger) OpenInterest(symbol string) (long, short perp.Size) {
	if b := l.look(symbol); b != nil {
		return b.Long, b.Short
	}
	return 0, 0
}

// Settled is the cash that settlements in this market brought the account,
// negative when it paid. The maker's is minus that of all clients.
func (l *Ledger) Settled(account, symbol string) perp.Money {
	b := l.look(symbol)
	if b == nil {
		return 0
	}
	if account == perp.Maker {
		return -b.Settled
	}
	if h := l.held(account, symbol); h != nil {
		return h.Settled
	}
	return 0
}

// writer collects the events of one command.
type writer struct {
	events []perp.Event
	paid   perp.Money // of a fee, in cash
}

func (w *writer) emit(ev perp.Event) { w.events = append(w.events, ev) }

// transfer is the only way in which a balance changes. Nothing moves for a
// zero amount.
func (l *Ledger) transfer(w *writer, from, to perp.LedgerAccount, amount perp.Money, why perp.TransferReason, ref string) {
	if amount == 0 {
		return
	}
	if amount < 0 || from == to {
		panic(perp.Fault{What: "transfer " + from.String() + " to " + to.String(), Args: []int64{int64(amount)}})
	}
	l.add(&from, -amount)
	l.add(&to, amount)
	l.s.Transfers++
	w.emit(perp.Posted{Transfer: perp.Transfer{
		ID: l.s.Transfers, Debit: from, Credit: to, Amount: amount, Reason: why, Ref: ref,
	}})
}

func (l *Ledger) add(a *perp.LedgerAccount, by perp.Money) {
	r := l.x.row(a)
	if r == nil {
		r = l.open(*a)
	}
	r.Amount = perp.Add(r.Amount, by)
	if a.Symbol != "" {
		l.x.touch(l.x.market(a.Symbol))
	}
	if a.Name != perp.Claim {
		l.s.CashSum = perp.Add(l.s.CashSum, by)
		return
	}
	l.s.ClaimSum = perp.Add(l.s.ClaimSum, by)
	if client(a.Owner) {
		l.x.find(a.Owner, a.Symbol).weigh()
	}
}

// open makes a row.
func (l *Ledger) open(a perp.LedgerAccount) *Balance {
	r := &Balance{Account: a}
	n := len(l.s.Rows)
	l.x.mixed = l.x.mixed || n > 0 && compareAccounts(l.s.Rows[n-1].Account, a) > 0
	l.s.Rows = append(l.s.Rows, r)
	l.x.file(r)
	return r
}

// rows are all rows, sorted. They are put in order when they are read: to insert each
// new one would cost more the more there are.
func (l *Ledger) rows() []*Balance {
	if l.x.mixed {
		slices.SortFunc(l.s.Rows, func(a, b *Balance) int { return compareAccounts(a.Account, b.Account) })
		l.x.mixed = false
	}
	return l.s.Rows
}

// holders are all clients of a market, sorted, as rows are.
func (b *book) holders() []*holder {
	if b.mixed {
		slices.SortFunc(b.Holders, func(a, b *holder) int { return strings.Compare(a.Account, b.Account) })
		b.mixed = false
	}
	return b.Holders
}

// sort puts everything in order.
func (l *Ledger) sort() {
	l.rows()
	for _, b := range l.s.Books {
		b.holders()
	}
}

func compareAccounts(a, b perp.LedgerAccount) int {
	if c := strings.Compare(a.Owner, b.Owner); c != 0 {
		return c
	}
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	return strings.Compare(a.Symbol, b.Symbol)
}

// book returns the market's book, opening it if there is none yet.
func (l *Ledger) book(symbol string) *book {
	m := l.x.market(symbol)
	if m.book == nil {
		i, _ := slices.BinarySearchFunc(l.s.Books, symbol, func(b *book, s string) int { return strings.Compare(b.Symbol, s) })
		m.book = &book{Symbol: symbol}
		l.s.Books = slices.Insert(l.s.Books, i, m.book)
		l.x.touch(m)
	}
	return m.book
}

// look returns the market's book or nil.
func (l *Ledger) look(symbol string) *book {
	if m := l.x.markets[symbol]; m != nil {
		return m.book
	}
	return nil
}

// held is the client's row in a market or nil.
func (l *Ledger) held(account, symbol string) *holder {
	if s := l.x.find(account, symbol); s != nil {
		return s.holder
	}
	return nil
}

// holder returns the client's row, opening it if there is none yet.
func (l *Ledger) holder(b *book, account string) *holder {
	s := l.x.stake(account, b.Symbol)
	if s.holder == nil {
		s.holder = &holder{Account: account, stake: s}
		n := len(b.Holders)
		b.mixed = b.mixed || n > 0 && b.Holders[n-1].Account > account
		b.Holders = append(b.Holders, s.holder)
	}
	return s.holder
}

func settlementID(n int64) string { return string(strconv.AppendInt([]byte("S"), n, 10)) }
