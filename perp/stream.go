package perp

// Stream is what a client asks for beside a quote that is given once: prices that
// follow the market until a time (FIX R with 303=2). Without a size they are the
// whole ladder.
type Stream struct {
	Wanted bool
	Until  Time // zero: for the usual time
}

// CancelQuotes ends quotes of its session (FIX Z): the stream of a request, that
// of a quote, those in one market, or all.
type CancelQuotes struct {
	Origin
	Flawed
	ReqID   string // empty: of any request
	QuoteID string // empty: any
	Symbol  string
	All     bool // in every market; else in Symbol
}

// DeclineQuote ends the stream that a quote is part of without a deal (FIX AJ,
// 694=6).
type DeclineQuote struct {
	Origin
	Flawed
	RespID  string
	QuoteID string
	Symbol  string
}

// RequestQuoteStatus asks what a quote is worth (FIX a).
type RequestQuoteStatus struct {
	Origin
	Flawed
	StatusID string
	QuoteID  string
	Symbol   string // empty: wherever it is
}

// StreamQuoted: the quote of a stream is now this one; the former takes its
// place among those whose grace runs. Origin is that of the request which began
// the stream.
type StreamQuoted struct {
	Origin     Origin
	ReqID      string
	QuoteID    string // of the best level; a deeper one has "." and its number behind it
	Account    string
	Symbol     string
	Side       Side // zero: two-way
	Ladder     bool // all levels that are offered; else one of the size that was asked for
	Indicative bool // shown, but not to be dealt on
	Bids, Asks []Level
	ValidUntil Time
}

// StreamWithdrawn: nothing that a stream has quoted may be dealt on. Over: nor
// will there be more of it.
type StreamWithdrawn struct {
	Origin  Origin // of the request which began it
	ReqID   string
	QuoteID string // of the quote that is withdrawn; empty: there was none
	Symbol  string
	Why     Withdrawal
	Over    bool
}

// Withdrawal is why a quote stands no longer.
type Withdrawal uint8

// Reasons of withdrawals.
const (
	WithdrawnExpired  Withdrawal = iota + 1 // the time of the stream is over
	WithdrawnStale                          // no price from outside that is new enough
	WithdrawnMoved                          // the sources of the price do not agree, or it jumped
	WithdrawnRisk                           // the maker does not offer so much now
	WithdrawnHalt                           // the market is closed
	WithdrawnDealt                          // the client has dealt on it
	WithdrawnClient                         // the client does not want it any more
	WithdrawnToxicity                       // clients of this tier are not offered so much
	withdrawalEnd
)

// String names the reason.
func (w Withdrawal) String() string { return name(withdrawalNames, w) }

var withdrawalNames = []string{"", "expired", "oracle_stale", "oracle_move", "risk_limit", "halt", "dealt", "client", "toxicity"}

// Withdrawals returns every reason.
func Withdrawals() (all []Withdrawal) {
	for w := WithdrawnExpired; w < withdrawalEnd; w++ {
		all = append(all, w)
	}
	return all
}

// QuoteStatus is what has become of a quote.
type QuoteStatus uint8

// States of a quote.
const (
	QuoteActive QuoteStatus = iota + 1
	QuoteCanceled
	QuoteAllCanceled
	QuoteDealt
	QuoteRejected // the request about it was
	QuoteOver
	QuoteNotFound
	QuotePassed
	quoteStatusEnd
)

// QuoteStatuses returns every state.
func QuoteStatuses() (all []QuoteStatus) {
	for s := QuoteActive; s < quoteStatusEnd; s++ {
		all = append(all, s)
	}
	return all
}

// String names the state.
func (s QuoteStatus) String() string { return name(quoteStatusNames, s) }

var quoteStatusNames = []string{"", "active", "canceled", "all_canceled", "dealt", "rejected", "expired", "not_found", "passed"}

// QuoteStatusReported answers CancelQuotes, DeclineQuote and RequestQuoteStatus
// (FIX AI).
type QuoteStatusReported struct {
	Origin   Origin
	StatusID string
	ReqID    string
	QuoteID  string
	RespID   string
	Symbol   string
	Status   QuoteStatus
	Bid, Ask Level // of one that is active; zero: not offered
	Verdict  Verdict
}

// Kind names the command or event.
func (CancelQuotes) Kind() string        { return "CancelQuotes" }
func (DeclineQuote) Kind() string        { return "DeclineQuote" }
func (RequestQuoteStatus) Kind() string  { return "RequestQuoteStatus" }
func (StreamQuoted) Kind() string        { return "StreamQuoted" }
func (StreamWithdrawn) Kind() string     { return "StreamWithdrawn" }
func (QuoteStatusReported) Kind() string { return "QuoteStatusReported" }

// StreamsEach is how many quote streams of one session run at a time, in all markets.
const StreamsEach = 20
