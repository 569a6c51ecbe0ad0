package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/big"

	"backstop/perp"
)

// rowSet is one table whose rows are made from events, numbered in the order of
// the events, so that both can be walked side by side.
type rowSet struct {
	table string
	query string
	last  int64 // number of its last row
	scan  func(*sql.Rows) (n int64, row any, err error)
	made  []maker
	once  bool  // one row for all events of a command
	done  int64 // rows compared
	want  []any // rows that the events of the present page ask for
}

// maker turns the events of one kind into rows.
type maker struct {
	kind string
	make func(payload []byte, e perp.Entry) (any, error)
}

// madeFrom makes rows of a table from events as the journal keeps them.
func madeFrom[E perp.Event, R any](row func(E, perp.Entry) R) maker {
	var none E
	return maker{none.Kind(), func(payload []byte, e perp.Entry) (any, error) {
		var ev E
		err := json.Unmarshal(payload, &ev)
		return row(ev, e), err
	}}
}

func setOf[R any](table, query string, last int64, scan func(*sql.Rows) (int64, R, error), made ...maker) *rowSet {
	return &rowSet{table: table, query: query, last: last, made: made, scan: func(rows *sql.Rows) (int64, any, error) { return scan(rows) }}
}

func (s *rowSet) onceACommand() *rowSet {
	s.once = true
	return s
}

// rowSets are all tables of this kind, as far as the books go.
func (b books) rowSets() []*rowSet {
	return []*rowSet{
		setOf("transfers", queryTransfers, b.transfers, scanTransfer, madeFrom(func(ev perp.Posted, e perp.Entry) transferRow {
			return transferRowOf(ev.Transfer, e.Seq)
		})),
		setOf("fills", queryFillRows, b.fills, scanFill, madeFrom(fillRowOf)),
		setOf("busts", queryBusts, b.busts, scanBust, madeFrom(bustRowOf)),
		setOf("settlements", querySettlements, b.settlements, scanSettlement, madeFrom(settlementRowOf)),
		setOf("funding", queryFunding, b.funding, scanFunding, madeFrom(fundingRowOf)),
		setOf("losses", queryLosses, b.losses, scanLoss, madeFrom(lossRowOf)),
		setOf("desk", queryDesk, b.desk, scanDesk, madeFrom(deskRowOf)),
		setOf("last_looks", queryLooks, b.looks, scanLook, madeFrom(lookRowOf)),
		setOf("marked", queryMarked, b.marked, scanMarked, madeFrom(markedRowOf)).onceACommand(),
		setOf("grades", queryGrades, b.grades, scanGrade, madeFrom(gradeRowOf)),
		setOf("hedges", queryHedges, b.hedges, scanHedge, madeFrom(wantedRowOf), madeFrom(hedgedRowOf)),
		setOf("expired", queryExpired, b.ended, scanExpired, madeFrom(expiredRowOf)),
	}
}

// VerifyRows compares every row of transfers, fills, busts, settlements, funding, losses,
// desk commands, last looks, commands with markouts, grades, hedges and expiries with the event it was
// made from.
func (r *Reader) VerifyRows() ([]Difference, error) {
	var p report
	b, err := r.readBooks()
	if !p.fail("books", err) {
		return p.found, p.err
	}
	sets := b.rowSets()
	for next := int64(1); next <= b.journal.last; {
		page, err := journalPage(r, next, b.journal.last, [sha256.Size]byte{}, true) // VerifyChain looks at the hashes.
		if !p.fail(fmt.Sprintf("journal rows from %d", next), err) || len(page) == 0 {
			return p.found, p.err // VerifyChain names rows that are missing.
		}
		for _, row := range page {
			if err := expect(sets, row); !p.fail(fmt.Sprintf("events of journal row %d", row.entry.Seq), err) {
				return p.found, p.err
			}
			next = max(next, row.entry.Seq) + 1
		}
		for _, s := range sets {
			if !p.fail(s.table, s.compare(&p, r)) {
				return p.found, p.err
			}
		}
	}
	for _, s := range sets {
		same(&p, "rows in "+s.table, s.last, s.done)
	}
	return p.found, p.err
}

// expect turns the events of a journal row into the rows that they ask for.
func expect(sets []*rowSet, row journalRow) error {
	events, err := eventRows(row.events)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for _, ev := range events {
		for _, s := range sets {
			for _, m := range s.made {
				if m.kind != ev.kind {
					continue
				}
				x, err := m.make(ev.payload, row.entry)
				if err != nil {
					return fmt.Errorf("%w: %w", ErrDamaged, err)
				}
				if n := len(s.want); s.once && n > 0 && s.want[n-1] == x {
					continue
				}
				s.want = append(s.want, x)
			}
		}
	}
	return nil
}

// compare reads the rows that belong to the page and compares them.
func (s *rowSet) compare(p *report, r *Reader) error {
	if len(s.want) == 0 {
		return nil
	}
	have := map[int64]any{}
	err := r.in(func(q querier) error {
		return read(q, s.query, func(rows *sql.Rows) error {
			n, row, err := s.scan(rows)
			have[n] = row
			return err
		}, s.done+1, s.done+int64(len(s.want)), len(s.want))
	})
	for _, want := range s.want {
		s.done++
		if row := have[s.done]; err == nil && row != want {
			p.differ(fmt.Sprintf("%s row %d", s.table, s.done), fmt.Sprintf("%+v", row), fmt.Sprintf("%+v", want))
		}
	}
	s.want = s.want[:0]
	return err
}

func scanTransfer(rows *sql.Rows) (n int64, t transferRow, err error) {
	err = t.scan(rows)
	return t.id, t, err
}

func scanSettlement(rows *sql.Rows) (n int64, x settlementRow, err error) {
	err = rows.Scan(&n, &x.id, &x.account, &x.symbol, &x.claim, &x.cash, &x.deferred, &x.timeNS, &x.seq)
	return n, x, err
}

// orderRow is what is checked of one order.
type orderRow struct {
	id, account, first, last string
	cum, average             int64
	ofFirst, ofLast          sql.NullString // the orders that its client ids lead to
}

// VerifyOrders re-adds the filled size and the average price of every order
// from its fills, and checks that client ids are unique in their account and
// lead to their order.
func (r *Reader) VerifyOrders() ([]Difference, error) {
	var p report
	for after, more := "", true; more; {
		var page []orderRow
		err := r.in(func(q querier) (err error) {
			if page, err = readOrders(q, after); err != nil {
				return err
			}
			for _, o := range page {
				if err := o.check(&p, q); err != nil {
					return err
				}
			}
			return nil
		})
		if !p.fail("orders after "+after, err) {
			return p.found, p.err
		}
		if more = len(page) == slice; more {
			after = page[slice-1].id
		}
	}
	r.verifyClientIDs(&p)
	return p.found, p.err
}

func readOrders(q querier, after string) (page []orderRow, err error) {
	err = read(q, queryOrders, func(rows *sql.Rows) error {
		var o orderRow
		if err := rows.Scan(&o.id, &o.account, &o.first, &o.last, &o.cum, &o.average, &o.ofFirst, &o.ofLast); err != nil {
			return err
		}
		if o.id <= after {
			return fmt.Errorf("order %s stands behind %s", o.id, after)
		}
		after = o.id
		page = append(page, o)
		return nil
	}, after, slice)
	return page, err
}

func (o orderRow) check(p *report, q querier) error {
	var size total
	var cash big.Int
	err := read(q, queryOrderFills, func(rows *sql.Rows) error {
		var s, price int64
		err := rows.Scan(&s, &price)
		size.add(s)
		cash.Add(&cash, new(big.Int).Mul(big.NewInt(s), big.NewInt(price)))
		return err
	}, o.id)
	if err != nil {
		return err
	}
	same(p, "filled size of "+o.id, fmt.Sprint(o.cum), size.String())
	average := new(big.Int)
	if size.v.Sign() > 0 { // To the nearest unit, halves up, as perp.Wide does.
		twice := new(big.Int).Lsh(&size.v, 1)
		average.Div(new(big.Int).Add(new(big.Int).Lsh(&cash, 1), &size.v), twice)
	}
	same(p, "average price of "+o.id, fmt.Sprint(o.average), average.String())
	if o.first == "" { // of the gateway's own
		return nil
	}
	same(p, "order of client id "+o.account+" "+o.first, o.ofFirst.String, o.id)
	same(p, "order of client id "+o.account+" "+o.last, o.ofLast.String, o.id)
	return nil
}

// verifyClientIDs walks all client ids in order: each must be larger than the
// one before, so that none stands twice, and belong to an order of its account.
func (r *Reader) verifyClientIDs(p *report) {
	account, id := "", ""
	for {
		n := 0
		err := r.in(func(q querier) error {
			return read(q, queryClientIDs, func(rows *sql.Rows) error {
				var nextAccount, nextID, orderID string
				var owner sql.NullString
				if err := rows.Scan(&nextAccount, &nextID, &orderID, &owner); err != nil {
					return err
				}
				if nextAccount < account || nextAccount == account && nextID <= id {
					return fmt.Errorf("client id %s %s stands behind %s %s", nextAccount, nextID, account, id)
				}
				same(p, "account of client id "+nextAccount+" "+nextID, owner.String, nextAccount)
				account, id, n = nextAccount, nextID, n+1
				return nil
			}, account, id, slice)
		})
		if !p.fail("client ids", err) || n < slice {
			return
		}
	}
}
