package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/shopspring/decimal"
)

// How many quotes a Leveraged lets pass before it enters again, and before it
// takes its profit or loss.
const (
	restUpdates = 10
	holdUpdates = 120
)

// Leveraged is a client that holds one position at a high leverage. When the
// position has been closed it enters again with the cash that is left.
// It keeps its own books from what it is told, and nothing else.
type Leveraged struct {
	Client   *Client
	Account  string
	Symbol   string
	Side     string // 54 of its entries
	Leverage decimal.Decimal
	Lot      decimal.Decimal
	SizeMax  decimal.Decimal // of one order

	sent, rested int
	pending      string // ClOrdID of the order under way
	held         string // the same, if it was held and is not decided
	quote        Trader // only for its touch
	Told         Told
}

// Told is what an account was told, added up.
type Told struct {
	Cash     decimal.Decimal // what FIX says should be its cash: deposit, fees, 707=CASH
	Total    decimal.Decimal // cash and claims and what its open position cost
	Position decimal.Decimal
	Execs    map[string]Fields // fills by ExecID
	Reasons  map[string]int    // of refusals
	Moved    map[string]Moved  // what AM in VAMM1 said of each event

	Entries, Calls, Lifts, Liquidations, Deleveraged, Settlements, Funding, Bankruptcies, Shares int
	Held, HeldRefused                                                                            int
	Failures                                                                                     []string
}

// Moved is what one event moved in the books of an account.
type Moved struct{ Claim, Cash decimal.Decimal }

func (l *Leveraged) fail(format string, args ...any) {
	if len(l.Told.Failures) < failuresMax {
		l.Told.Failures = append(l.Told.Failures, l.Account+": "+fmt.Sprintf(format, args...))
	}
}

// Run trades until the gateway ends the connection.
func (l *Leveraged) Run(ctx context.Context, deposit decimal.Decimal) error {
	l.Told.Cash, l.Told.Total, l.Told.Execs = deposit, deposit, map[string]Fields{}
	l.Told.Reasons, l.Told.Moved = map[string]int{}, map[string]Moved{}
	l.rested = restUpdates
	err := l.Client.Send("V", bestOf("MD"+l.Account, l.Symbol, changes)...)
	if err != nil {
		return err
	}
	for {
		f, err := l.Client.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = l.take(f)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", l.Account, err)
		}
	}
}

func (l *Leveraged) take(f Fields) error {
	switch f.Get(35) {
	case "W", "X":
		l.quote.book(f)
		l.rested++
		return l.enter()
	case "8":
		l.executed(f)
	case "AM":
		l.moved(f)
	case "AX":
		if f.Get(895) == "3" {
			l.Told.Calls++
		} else {
			l.Told.Lifts++
		}
	case "B": // What the price is worth.
	case "5": // The gateway ends; what it has said before is all there is.
	default:
		l.fail("unexpected message %s", f)
	}
	return nil
}

// enter buys or sells with all it has, if it has nothing open; what it has had
// open for a while it closes.
func (l *Leveraged) enter() error {
	at := l.quote.ask
	if l.Side == "2" {
		at = l.quote.bid
	}
	price := dec(at.price)
	if l.pending == "" && !l.Told.Position.IsZero() && l.rested >= holdUpdates {
		return l.order(map[bool]string{true: "2", false: "1"}[l.Told.Position.IsPositive()], l.Told.Position.Abs())
	}
	if l.pending != "" || !l.Told.Position.IsZero() || l.rested < restUpdates || at.id == "" || !price.IsPositive() {
		return nil
	}
	size := l.Told.Cash.Mul(l.Leverage).Div(price).Div(l.Lot).Floor().Mul(l.Lot)
	if size = decimal.Min(size, l.SizeMax); !size.IsPositive() {
		return nil
	}
	return l.order(l.Side, size)
}

func (l *Leveraged) order(side string, size decimal.Decimal) error {
	l.sent++
	l.rested = 0
	l.pending = fmt.Sprintf("%s-%d", l.Account, l.sent)
	return l.Client.Send("D", "11="+l.pending, "1="+l.Account, "55="+l.Symbol, "54="+side, "60="+Now(), "38="+size.String(), "40=1", "59=3")
}

func (l *Leveraged) executed(f Fields) {
	id, own := f.Lookup(11)
	if own {
		l.decided(f)
	}
	if f.Get(150) == "F" {
		l.filled(f, own)
	}
	if own && id == l.pending && strings.Contains("248", f.Get(39)) {
		l.pending = ""
		switch {
		case f.Get(39) == "8":
			l.Told.Reasons[token(f)]++
		case dec(f.Get(14)).IsPositive() && f.Get(54) == l.Side:
			l.Told.Entries++
		}
	}
}

// decided follows an order through a hold: 150=A is no answer, and exactly one of
// 150=0 and 150=8 is.
func (l *Leveraged) decided(f Fields) {
	id := f.Get(11)
	switch f.Get(150) {
	case "A":
		if id != l.pending || l.held != "" || f.Get(39) != "A" {
			l.fail("held after a report: %s", f)
		}
		l.held = id
		l.Told.Held++
	case "0":
		if lookAccepted[token(f)] != (l.held == id) {
			l.fail("150=0 does not say what became of the hold: %s", f)
		}
		l.held = ""
	case "8":
		if _, known := lookRefused[token(f)]; l.held == id && !known {
			l.fail("not a reason to refuse a held order: %s", f)
		}
		if l.held == id {
			l.Told.HeldRefused++
		}
		l.held = ""
	case "F":
		if l.held == id {
			l.fail("a fill during the hold: %s", f)
		}
	}
}

func (l *Leveraged) filled(f Fields, own bool) {
	exec := f.Get(17)
	if _, twice := l.Told.Execs[exec]; twice || exec == "" {
		l.fail("ExecID twice or missing: %s", f)
	}
	l.Told.Execs[exec] = f
	size := dec(f.Get(32))
	if f.Get(54) == "2" {
		size = size.Neg()
	}
	l.Told.Position = l.Told.Position.Add(size)
	fee := decimal.Zero
	for _, v := range f.All(137) {
		fee = fee.Add(dec(v))
	}
	// A fee that cash does not cover is owed as a claim.
	l.Told.Cash = l.Told.Cash.Sub(decimal.Min(fee, decimal.Max(decimal.Zero, l.Told.Cash)))
	l.Told.Total = l.Told.Total.Sub(fee).Sub(size.Mul(dec(f.Get(31))))
	l.rested = 0
	switch text := f.Get(58); {
	case own:
	case strings.HasPrefix(text, "LIQUIDATION"):
		l.Told.Liquidations++
		if l.Told.Calls == 0 {
			l.fail("liquidated without a margin call: %s", f)
		}
	case strings.HasPrefix(text, "DELEVERAG"):
		l.Told.Deleveraged++
	default:
		l.fail("fill of nobody's order: %s", f)
	}
}

// moved books an AM: cash where cash moved, and what is not a mere change from
// claim to cash in the total.
func (l *Leveraged) moved(f Fields) {
	if f.Get(1) != l.Account {
		l.fail("AM of another account: %s", f)
	}
	kinds, amounts := f.All(707), f.All(708)
	if len(kinds) != len(amounts) {
		l.fail("AM with %d kinds and %d amounts: %s", len(kinds), len(amounts), f)
		return
	}
	word, _, _ := strings.Cut(f.Get(721), "-")
	of := map[string]decimal.Decimal{}
	for i, k := range kinds {
		of[k] = dec(amounts[i])
	}
	l.Told.Cash = l.Told.Cash.Add(of["CASH"])
	l.checked(f)
	switch word {
	case "SETTLE":
		l.Told.Settlements++
		if !of["FMTM"].Equal(of["CASH"].Add(of["CRES"])) {
			l.fail("settlement does not add up: %s", f)
		}
		return
	case "FUND":
		l.Told.Funding++
	case "BANKRUPT":
		l.Told.Bankruptcies++
	case "LOSS":
		l.Told.Shares++
	}
	l.Told.Total = l.Told.Total.Add(of["CASH"]).Add(of["VADJ"])
}

// checked notes what an AM in VAMM1 says that its event moved, and holds the balance
// that it names against what was told before.
func (l *Leveraged) checked(f Fields) {
	after, said := f.Lookup(22089)
	if !said {
		return
	}
	if !dec(after).Equal(l.Told.Cash) {
		l.fail("its cash is %s: %s", l.Told.Cash, f)
	}
	m := l.Told.Moved[f.Get(713)]
	l.Told.Moved[f.Get(713)] = Moved{m.Claim.Add(dec(f.Get(22087))), m.Cash.Add(dec(f.Get(22088)))}
}
