package store

import (
	"database/sql"

	"backstop/perp"
)

// lookRow, markedRow, gradeRow and hedgeRow are rows as the tables hold them.
type lookRow struct {
	orderID, clOrdID, session, account, symbol, side               string
	size                                                           int64
	tier, why, quoteID                                             string
	version, arrival, decided, seen, source, quoted, before, after int64
	move, tolerance                                                int64
	outcome                                                        string
	price, seq                                                     int64
}

// markedRow is a command at which markouts fell due; its events have them.
type markedRow struct{ timeNS, seq int64 }

type gradeRow struct {
	timeNS                    int64
	session, symbol, tierFrom string
	surchargeFrom             int64
	tier                      string
	surcharge                 int64
	why                       string
	score, until, seq         int64
}

type hedgeRow struct {
	timeNS                         int64
	kind, symbol, key              string
	size, position, variation, seq int64
}

// Kinds of hedge rows.
const (
	hedgeWanted = "wanted"
	hedgeBooked = "booked"
)

func lookRowOf(ev perp.LastLook, e perp.Entry) lookRow {
	return lookRow{
		ev.OrderID, ev.ClOrdID, ev.Session, ev.Account, ev.Symbol, ev.Side.String(), int64(ev.Size), ev.Tier.String(), ev.Why, ev.QuoteID,
		ev.Version, int64(ev.Arrival), int64(ev.Decided), int64(ev.Seen), int64(ev.Source), int64(ev.Quoted), int64(ev.Before),
		int64(ev.After), int64(ev.Move), int64(ev.Tolerance), ev.Outcome.String(), int64(ev.Price), e.Seq,
	}
}

func markedRowOf(_ perp.MarkedOut, e perp.Entry) markedRow { return markedRow{int64(e.Time), e.Seq} }

func gradeRowOf(ev perp.ClientGraded, e perp.Entry) gradeRow {
	return gradeRow{
		int64(e.Time), ev.Session, ev.Symbol, ev.From.Tier.String(), int64(ev.From.Surcharge), ev.Class.Tier.String(),
		int64(ev.Class.Surcharge), ev.Why, int64(ev.Score), int64(ev.Until), e.Seq,
	}
}

func wantedRowOf(ev perp.HedgeWanted, e perp.Entry) hedgeRow {
	return hedgeRow{timeNS: int64(e.Time), kind: hedgeWanted, symbol: ev.Symbol, key: ev.Key, size: int64(ev.Size), seq: e.Seq}
}

func hedgedRowOf(ev perp.Hedged, e perp.Entry) hedgeRow {
	return hedgeRow{
		timeNS: int64(e.Time), kind: hedgeBooked, symbol: ev.Symbol, position: int64(ev.Position), variation: int64(ev.Variation), seq: e.Seq,
	}
}

// projectClients enters what events tell of how clients are treated, and of
// inventory laid off outside.
func (s *Store) projectClients(e perp.Entry, ev perp.Event) {
	switch ev := ev.(type) {
	case perp.LastLook:
		r := lookRowOf(ev, e)
		s.rows.add(lookRows, r.orderID, r.clOrdID, r.session, r.account, r.symbol, r.side, r.size, r.tier, r.why, r.quoteID, r.version,
			r.arrival, r.decided, r.seen, r.source, r.quoted, r.before, r.after, r.move, r.tolerance, r.outcome, r.price, r.seq)
	case perp.MarkedOut:
		if r := markedRowOf(ev, e); r.seq > s.rows.marked { // One row for all of a command.
			s.rows.marked = r.seq
			s.rows.add(markedRows, r.timeNS, r.seq)
		}
	case perp.ClientGraded:
		r := gradeRowOf(ev, e)
		s.rows.add(gradeRows, r.timeNS, r.session, r.symbol, r.tierFrom, r.surchargeFrom, r.tier, r.surcharge, r.why, r.score, r.until, r.seq)
	case perp.HedgeWanted:
		s.hedge(wantedRowOf(ev, e))
	case perp.Hedged:
		s.hedge(hedgedRowOf(ev, e))
	}
}

func (s *Store) hedge(r hedgeRow) {
	s.rows.add(hedgeRows, r.timeNS, r.kind, r.symbol, r.key, r.size, r.position, r.variation, r.seq)
}

// Statements that read these tables by their numbers.
const (
	queryLooks = `SELECT n, order_id, cl_ord_id, session, account, symbol, side, size, tier, why, quote_id, version, arrival_ns,
		decided_ns, seen_ns, source_ns, quoted, oracle_before, oracle_after, move, tolerance, outcome, price, seq
		FROM last_looks WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?`
	queryMarked = "SELECT n, time_ns, seq FROM marked WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?"
	queryGrades = `SELECT n, time_ns, session, symbol, tier_from, surcharge_from, tier, surcharge, why, score, until_ns, seq
		FROM grades WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?`
	queryHedges = `SELECT n, time_ns, kind, symbol, key, size, position, variation, seq
		FROM hedges WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?`
)

func scanLook(rows *sql.Rows) (n int64, x lookRow, err error) {
	err = rows.Scan(&n, &x.orderID, &x.clOrdID, &x.session, &x.account, &x.symbol, &x.side, &x.size, &x.tier, &x.why, &x.quoteID,
		&x.version, &x.arrival, &x.decided, &x.seen, &x.source, &x.quoted, &x.before, &x.after, &x.move, &x.tolerance, &x.outcome,
		&x.price, &x.seq)
	return n, x, err
}

func scanMarked(rows *sql.Rows) (n int64, x markedRow, err error) {
	err = rows.Scan(&n, &x.timeNS, &x.seq)
	return n, x, err
}

func scanGrade(rows *sql.Rows) (n int64, x gradeRow, err error) {
	err = rows.Scan(&n, &x.timeNS, &x.session, &x.symbol, &x.tierFrom, &x.surchargeFrom, &x.tier, &x.surcharge, &x.why, &x.score,
		&x.until, &x.seq)
	return n, x, err
}

func scanHedge(rows *sql.Rows) (n int64, x hedgeRow, err error) {
	err = rows.Scan(&n, &x.timeNS, &x.kind, &x.symbol, &x.key, &x.size, &x.position, &x.variation, &x.seq)
	return n, x, err
}
