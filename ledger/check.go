package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"backstop/perp"
)

// ErrUnbalanced is behind every finding of Check and Audit.
var ErrUnbalanced = errors.New("books do not add up")

// Check compares the running sums with zero: cash, claims, and the positions
// of each market. It costs the same however many accounts there are.
func (l *Ledger) Check() error {
	if err := l.checkSums(); err != nil {
		return err
	}
	for _, b := range l.s.Books {
		if err := b.check(); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) checkSums() error {
	if l.s.CashSum != 0 || l.s.ClaimSum != 0 {
		return fmt.Errorf("%w: cash sums to %s, claims to %s", ErrUnbalanced, l.s.CashSum, l.s.ClaimSum)
	}
	return nil
}

func (b *book) check() error {
	if b.Net+b.Maker.Size != 0 || b.Entry+b.Maker.Entry != 0 || b.Long-b.Short != b.Net {
		return fmt.Errorf("%w: positions in %s: clients %s (long %s, short %s), maker %s; entries %s, %s",
			ErrUnbalanced, b.Symbol, b.Net, b.Long, b.Short, b.Maker.Size, b.Entry, b.Maker.Entry)
	}
	return nil
}

// Audit re-adds every row and compares the result with the running sums, the
// order of the rows and the list of those who wait, then checks as Check does.
func (l *Ledger) Audit() error {
	l.sort()
	if err := l.auditRows(); err != nil {
		return err
	}
	for i, b := range l.s.Books {
		if i > 0 && l.s.Books[i-1].Symbol >= b.Symbol {
			return fmt.Errorf("%w: market %s out of order", ErrUnbalanced, b.Symbol)
		}
		if err := l.auditBook(b); err != nil {
			return err
		}
	}
	return l.Check()
}

func (l *Ledger) auditRows() error {
	var cash, claims perp.Money
	for i, r := range l.s.Rows {
		if i > 0 && compareAccounts(l.s.Rows[i-1].Account, r.Account) >= 0 {
			return fmt.Errorf("%w: account %s of %s out of order", ErrUnbalanced, r.Account, r.Account.Owner)
		}
		if r.Account.Name == perp.Claim {
			claims = perp.Add(claims, r.Amount)
		} else {
			cash = perp.Add(cash, r.Amount)
		}
		if r.Amount < 0 && r.Account.Owner != perp.Outside && r.Account.Name != perp.Claim {
			return fmt.Errorf("%w: %s of %s is %s", ErrUnbalanced, r.Account, r.Account.Owner, r.Amount)
		}
	}
	if cash != l.s.CashSum || claims != l.s.ClaimSum {
		return fmt.Errorf("%w: rows sum to cash %s, claims %s; running sums say %s, %s",
			ErrUnbalanced, cash, claims, l.s.CashSum, l.s.ClaimSum)
	}
	if !slices.IsSorted(l.s.Keys) {
		return fmt.Errorf("%w: deposit keys out of order", ErrUnbalanced)
	}
	return nil
}

func (l *Ledger) auditBook(b *book) error {
	var sum book
	waiting, owing := 0, 0
	for i, h := range b.Holders {
		if i > 0 && b.Holders[i-1].Account >= h.Account {
			return fmt.Errorf("%w: holder %s out of order in %s", ErrUnbalanced, h.Account, b.Symbol)
		}
		sum.Net = perp.Add(sum.Net, h.Size)
		sum.Entry = perp.Add(sum.Entry, h.Entry)
		sum.Long = perp.Add(sum.Long, max(h.Size, 0))
		sum.Short = perp.Add(sum.Short, max(-h.Size, 0))
		sum.Settled = perp.Add(sum.Settled, h.Settled)
		if l.Balance(claimOf(h.Account, b)) > 0 {
			waiting++
			if !slices.Contains(b.Waiting, h.Account) {
				return fmt.Errorf("%w: %s has a claim in %s but does not wait", ErrUnbalanced, h.Account, b.Symbol)
			}
		} else if l.Balance(claimOf(h.Account, b)) < 0 {
			owing++
			if !slices.Contains(b.Owing, h.Account) {
				return fmt.Errorf("%w: %s owes in %s and is not on the list", ErrUnbalanced, h.Account, b.Symbol)
			}
		}
	}
	if waiting != len(b.Waiting) || owing != len(b.Owing) {
		return fmt.Errorf("%w: %d claims and %d debts in %s; %s wait, %s owe", ErrUnbalanced, waiting, owing, b.Symbol,
			strings.Join(b.Waiting, ","), strings.Join(b.Owing, ","))
	}
	if sum.Net != b.Net || sum.Entry != b.Entry || sum.Long != b.Long || sum.Short != b.Short || sum.Settled != b.Settled {
		return fmt.Errorf("%w: %s re-added size %s entry %s long %s short %s settled %s; running %s %s %s %s %s", ErrUnbalanced, b.Symbol,
			sum.Net, sum.Entry, sum.Long, sum.Short, sum.Settled, b.Net, b.Entry, b.Long, b.Short, b.Settled)
	}
	return nil
}

// MarshalJSON writes the whole state; equal books give equal bytes.
func (l *Ledger) MarshalJSON() ([]byte, error) {
	l.sort()
	return json.Marshal(l.s)
}

// UnmarshalJSON reads a state back and audits it: books that do not add up
// are refused and change nothing.
func (l *Ledger) UnmarshalJSON(data []byte) error {
	var next Ledger
	if err := json.Unmarshal(data, &next.s); err != nil {
		return fmt.Errorf("ledger state: %w", err)
	}
	if slices.Contains(next.s.Books, nil) || slices.Contains(next.s.Rows, nil) ||
		slices.ContainsFunc(next.s.Books, func(b *book) bool { return slices.Contains(b.Holders, nil) }) {
		return fmt.Errorf("ledger state: %w: a market or a row without content", ErrUnbalanced)
	}
	next.reindex()
	if err := next.Audit(); err != nil {
		return fmt.Errorf("ledger state: %w", err)
	}
	*l = next
	return nil
}
