package ops

import (
	"fmt"
	"time"

	"backstop/perp"
)

// stallMax is how long ago a quote may have run out before the market counts
// as not quoting: quotes are renewed in half of their life, so one that ran out
// means that nothing turns any more.
const stallMax = 2 * perp.Second

// Result is the outcome of one condition of readiness.
type Result struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // also of a market that does not quote and says why
}

// readiness asks every condition. A market that does not quote is fine if it
// says why; a ledger that does not sum to zero never is.
func (m *Model) readiness() (all []Result, ready bool) {
	now := perp.Time(m.now().UnixNano())
	m.mu.RLock()
	checks, storage := m.checks, m.storage
	if len(m.order) == 0 {
		all = append(all, Result{Name: "markets", Detail: "none is listed; add a [[market]] to the configuration"})
	}
	for _, symbol := range m.order {
		all = append(all, m.markets[symbol].quoting(now))
	}
	ledger := Result{Name: "ledger", OK: m.sum == 0}
	if !ledger.OK {
		ledger.Detail = "balances sum to " + m.sum.String() + ", not to 0"
	}
	m.mu.RUnlock()
	all = append(all, ledger)
	if storage != nil {
		all = append(all, storage().ready()...)
	}
	for _, c := range checks {
		r := Result{Name: c.Name, OK: true}
		if err := c.Ask(); err != nil {
			r.OK, r.Detail = false, err.Error()
		}
		all = append(all, r)
	}
	ready = true
	for _, r := range all {
		ready = ready && r.OK
	}
	return all, ready
}

// ready tells whether the write-ahead log is bounded, and whether the stored books
// add up. Above its alarm a reader of another process has held the log back for
// long: disk and restarts suffer.
func (s Storage) ready() []Result {
	log := Result{Name: "write-ahead log", OK: s.Err == nil && s.WAL <= s.WALAlarm}
	switch {
	case s.Err != nil:
		log.Detail = s.Err.Error()
	case !log.OK:
		log.Detail = fmt.Sprintf("has %d bytes, over %d: another process reads the database and does not let go", s.WAL, s.WALAlarm)
	}
	books := Result{Name: "books", OK: s.Books.Differences == 0}
	if !books.OK {
		books.Detail = fmt.Sprintf("%d differences in what is stored, the first: %s", s.Books.Differences, s.Books.First)
	}
	return []Result{log, books}
}

func (k *market) quoting(now perp.Time) Result {
	r := Result{Name: "market " + k.instrument.Symbol}
	offer, late := offerOf(k.quote), now-k.quote.ValidUntil
	switch {
	case k.state == perp.Warming || k.quote.Version == 0:
		r.Detail = "waits for its first good price"
	case late > stallMax:
		r.Detail = fmt.Sprintf("its quote ran out %s ago and nothing renewed it", time.Duration(late).Round(time.Second))
	case k.cause != perp.RejectNone:
		r.OK, r.Detail = true, k.state.String()+", "+offer+": "+k.cause.String()
	case offer == "withdrawn":
		r.Detail = k.state.String() + ", " + offer + ", and gives no reason"
	case k.state != perp.Open || offer != "two_sided":
		r.OK, r.Detail = true, k.state.String()+", "+offer
	default:
		r.OK = true
	}
	return r
}
