package store

import (
	"database/sql"
	"maps"
	"strings"

	"backstop/perp"
)

// auditRows is how many new rows of a table one check reads at most, so that a long
// history is caught up with over several checks and not at the cost of orders.
const auditRows = 100_000

// Auditor re-adds the books of a running gateway again and again: each time only
// what is new since, so that a full check costs what happened and not what there
// is. It is for one goroutine.
type Auditor struct {
	r *Reader
	// Up to where rows are added. A number that is missing is not passed, so that
	// every check names it.
	transfers, fills, busts, payments, ended int64
	moved, dealt, paid                       sums // balances by transfers, positions by fills and busts, funding by id unless zero
	expired                                  []string
}

// NewAuditor returns an auditor that has read nothing yet.
func NewAuditor(r *Reader) *Auditor {
	return &Auditor{r: r, moved: sums{}, dealt: sums{}, paid: sums{}}
}

// Check compares every balance with the sum of its transfers and every position
// with that of its fills, and checks that all of them, and each funding, sum to
// zero and that nobody was paid what nobody had. Caught is false while there is
// more history than one check reads: sums are then compared with zero only.
func (a *Auditor) Check() (found []Difference, caught bool, err error) { return a.check(auditRows) }

func (a *Auditor) check(most int64) (found []Difference, caught bool, err error) {
	var p report
	b, err := a.r.readBooks()
	if !p.fail("books", err) {
		return p.found, false, p.err
	}
	b.zero.compare(&p, sums{})
	b.balances.solvent(&p)
	if !a.transfersTo(&p, upTo(a.transfers, b.transfers, most)) || !a.fillsTo(&p, upTo(a.fills, b.fills, most)) ||
		!a.bustsTo(&p, upTo(a.busts, b.busts, most)) || !a.fundingTo(&p, upTo(a.payments, b.funding, most)) || !a.expiriesTo(&p, upTo(a.ended, b.ended, most)) {
		return p.found, false, p.err
	}
	if a.transfers < b.transfers || a.fills < b.fills || a.busts < b.busts || a.payments < b.funding || a.ended < b.ended {
		return p.found, false, p.err
	}
	for _, symbol := range a.expired { // Nothing deals there any more.
		a.dealt.forget(symbol)
	}
	a.paid.compare(&p, sums{})
	b.balances.compare(&p, a.moved)
	b.positions.compare(&p, a.dealt)
	return p.found, true, p.err
}

// upTo is where a check ends that reads at most so many rows after from.
func upTo(from, last, most int64) int64 {
	if last-from > most {
		return from + most
	}
	return last
}

func (a *Auditor) transfersTo(p *report, last int64) bool {
	return inSlices(p, a.r, "transfers", queryTransfers, a.transfers+1, last, func(rows *sql.Rows) (int64, error) {
		var t transferRow
		if err := t.scan(rows); err != nil || t.id != a.transfers+1 {
			return t.id, err
		}
		a.moved.add("balance of "+t.debitOwner+" "+t.debit, -t.amount)
		a.moved.add("balance of "+t.creditOwner+" "+t.credit, t.amount)
		a.transfers++
		return t.id, nil
	})
}

func (a *Auditor) fillsTo(p *report, last int64) bool {
	return inSlices(p, a.r, "fills", queryFillRows, a.fills+1, last, func(rows *sql.Rows) (int64, error) {
		n, f, err := scanFill(rows)
		if err != nil || n != a.fills+1 {
			return n, err
		}
		f.deal(a.dealt)
		a.fills++
		return n, nil
	})
}

// bustsTo takes off what was taken back.
func (a *Auditor) bustsTo(p *report, last int64) bool {
	return inSlices(p, a.r, "busts", queryBusts, a.busts+1, last, func(rows *sql.Rows) (int64, error) {
		n, x, err := scanBust(rows)
		if err != nil || n != a.busts+1 {
			return n, err
		}
		x.undo(a.dealt)
		a.busts++
		return n, nil
	})
}

// fundingTo adds what positions paid and received under one id; what sums to zero
// is forgotten.
func (a *Auditor) fundingTo(p *report, last int64) bool {
	ok := inSlices(p, a.r, "funding", queryFunding, a.payments+1, last, func(rows *sql.Rows) (int64, error) {
		n, f, err := scanFunding(rows)
		if err != nil || n != a.payments+1 {
			return n, err
		}
		a.paid.add("sum of funding "+f.id, f.payment)
		a.payments++
		return n, nil
	})
	maps.DeleteFunc(a.paid, func(_ string, sum *total) bool { return sum.v.Sign() == 0 })
	return ok
}

// expiriesTo looks for markets whose positions were closed without a fill.
func (a *Auditor) expiriesTo(p *report, last int64) bool {
	return inSlices(p, a.r, "expired", queryExpired, a.ended+1, last, func(rows *sql.Rows) (int64, error) {
		n, x, err := scanExpired(rows)
		if err != nil || n != a.ended+1 {
			return n, err
		}
		a.expired = append(a.expired, x.symbol)
		a.ended++
		return n, nil
	})
}

// solvent names every balance below zero of those that must not be: claims may be,
// they are debts, and what came from outside is counted there.
func (s sums) solvent(p *report) {
	for name, v := range s {
		owned := strings.TrimPrefix(name, "balance of ")
		owner, account, _ := strings.Cut(owned, " ")
		if v.v.Sign() < 0 && owner != perp.Outside && !strings.HasPrefix(account, perp.Claim) {
			p.differ(name, v.String(), "0 or more")
		}
	}
}
