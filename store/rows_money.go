package store

import (
	"database/sql"

	"backstop/perp"
)

// fundingRow, lossRow, deskRow and expiredRow are rows as the tables hold them.
type fundingRow struct {
	id, account, symbol              string
	size, payment, rate, timeNS, seq int64
}

type lossRow struct {
	id, account, symbol                                   string
	loss, insurance, maker, socialised, open, timeNS, seq int64
}

type deskRow struct {
	key, command, by, verdict, text string
	timeNS, seq                     int64
}

type expiredRow struct {
	symbol      string
	timeNS, seq int64
}

func expiredRowOf(ev perp.MarketExpired, e perp.Entry) expiredRow {
	return expiredRow{ev.Symbol, int64(e.Time), e.Seq}
}

func fundingRowOf(ev perp.FundingPaid, e perp.Entry) fundingRow {
	return fundingRow{ev.FundingID, ev.Account, ev.Symbol, int64(ev.Size), int64(ev.Payment), int64(ev.Rate), int64(e.Time), e.Seq}
}

func lossRowOf(ev perp.Bankrupted, e perp.Entry) lossRow {
	return lossRow{
		ev.LossID, ev.Account, ev.Symbol, int64(ev.Loss), int64(ev.Insurance), int64(ev.Maker), int64(ev.Socialised),
		int64(ev.Open), int64(e.Time), e.Seq,
	}
}

func deskRowOf(ev perp.OperatorAnswered, e perp.Entry) deskRow {
	return deskRow{ev.Key, ev.Command, ev.By, ev.Verdict.Reject.String(), ev.Text, int64(e.Time), e.Seq}
}

// projectMoney enters what events about money and the desk ask for.
func (s *Store) projectMoney(e perp.Entry, ev perp.Event) {
	switch ev := ev.(type) {
	case perp.FundingPaid:
		r := fundingRowOf(ev, e)
		s.rows.add(fundingRows, r.id, r.account, r.symbol, r.size, r.payment, r.rate, r.timeNS, r.seq)
	case perp.Bankrupted:
		r := lossRowOf(ev, e)
		s.rows.add(lossRows, r.id, r.account, r.symbol, r.loss, r.insurance, r.maker, r.socialised, r.open, r.timeNS, r.seq)
	case perp.OperatorAnswered:
		r := deskRowOf(ev, e)
		s.rows.add(deskRows, r.key, r.command, r.by, r.verdict, r.text, r.timeNS, r.seq)
	case perp.MarketExpired:
		r := expiredRowOf(ev, e)
		s.rows.add(expiredRows, r.symbol, r.timeNS, r.seq)
	default:
		s.projectClients(e, ev)
	}
}

// Statements that read these tables by their numbers.
const (
	queryFunding = `SELECT n, funding_id, account, symbol, size, payment, rate, time_ns, seq
		FROM funding WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?`
	queryLosses = `SELECT n, loss_id, account, symbol, loss, insurance, maker, socialised, open, time_ns, seq
		FROM losses WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?`
	queryDesk    = `SELECT n, key, command, by, verdict, text, time_ns, seq FROM desk WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?`
	queryExpired = "SELECT n, symbol, time_ns, seq FROM expired WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?"
)

func scanFunding(rows *sql.Rows) (n int64, x fundingRow, err error) {
	err = rows.Scan(&n, &x.id, &x.account, &x.symbol, &x.size, &x.payment, &x.rate, &x.timeNS, &x.seq)
	return n, x, err
}

func scanLoss(rows *sql.Rows) (n int64, x lossRow, err error) {
	err = rows.Scan(&n, &x.id, &x.account, &x.symbol, &x.loss, &x.insurance, &x.maker, &x.socialised, &x.open, &x.timeNS, &x.seq)
	return n, x, err
}

func scanDesk(rows *sql.Rows) (n int64, x deskRow, err error) {
	err = rows.Scan(&n, &x.key, &x.command, &x.by, &x.verdict, &x.text, &x.timeNS, &x.seq)
	return n, x, err
}

func scanExpired(rows *sql.Rows) (n int64, x expiredRow, err error) {
	err = rows.Scan(&n, &x.symbol, &x.timeNS, &x.seq)
	return n, x, err
}
