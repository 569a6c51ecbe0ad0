package perp

// Command is one input of the engine. Commands are plain values; the engine
// stamps them with a sequence number and a time and keeps them in the journal.
type Command interface{ Kind() string }

// Origin says which request of which FIX session a command came from, so that
// the answer finds its way back. It is empty for internal commands.
type Origin struct {
	Session    string `json:",omitempty"` // the client's CompID
	InSeq      int64  `json:",omitempty"` // MsgSeqNum of the request
	Arrival    Time   `json:",omitempty"` // socket read
	PossDup    bool   `json:",omitempty"` // 43=Y
	PossResend bool   `json:",omitempty"` // 97=Y
	Sent       Time   `json:",omitempty"` // 122 or 52: when the client first sent it
}

// Flawed is part of a request that the door could read but not express: the
// reason it will be refused with if no earlier check fails.
type Flawed struct {
	Flaws []Verdict `json:",omitempty"`
}

// First returns the flaw that takes precedence, or an OK verdict.
func (f Flawed) First() (first Verdict) {
	for _, v := range f.Flaws {
		first = first.Worse(v)
	}
	return first
}

// PlaceOrder asks for a new order (FIX D).
type PlaceOrder struct {
	Origin
	Flawed
	ClOrdID  string
	Account  string // empty: the session's only account
	Symbol   string
	Side     Side
	Type     OrderType
	TIF      TimeInForce
	Size     Size
	Price    Price  // limit, or the quoted price if the client stated it
	QuoteID  string // for PreviouslyQuoted
	Transact Time
	Conditions
	MaxAge Time   `json:",omitempty"` // refused if its Transact is longer ago; zero: any
	RespID string `json:",omitempty"` // it answers a quote (FIX AJ) under this id
}

// CancelOrder asks for the end of a working order (FIX F).
type CancelOrder struct {
	Origin
	Flawed
	ClOrdID     string // of this request
	OrigClOrdID string // latest accepted ClOrdID of the order
	OrderID     string // optional; must agree
	Account     string
	Symbol      string
	Side        Side
}

// ReplaceOrder asks for other terms of a working order (FIX G). Of the conditions,
// those that are zero stay as they are.
type ReplaceOrder struct {
	Origin
	Flawed
	ClOrdID     string
	OrigClOrdID string
	OrderID     string
	Account     string
	Symbol      string
	Side        Side
	Type        OrderType
	TIF         TimeInForce // zero: not stated
	Size        Size
	Price       Price
	Conditions
	Transact Time `json:",omitempty"`
	MaxAge   Time `json:",omitempty"` // refused if its Transact is longer ago; zero: any
}

// RequestStatus asks for the state of one order (FIX H).
type RequestStatus struct {
	Origin
	ClOrdID  string
	OrderID  string
	StatusID string // 790, echoed
	Account  string
	Symbol   string
	Side     Side
}

// RequestQuote asks for one firm quote (FIX R, 303 absent or 1), or for a stream
// of them (303=2).
type RequestQuote struct {
	Origin
	Flawed
	ReqID      string
	Account    string
	Symbol     string
	Side       Side // zero: two-way
	Size       Size
	Stream     Stream `json:",omitzero"`
	Indicative bool   `json:",omitempty"` // shown, but not to be dealt on
	Firm       bool   `json:",omitempty"` // dealt on without a wait, or not given
}

// RequestPositions asks for the positions of an account (FIX AN).
type RequestPositions struct {
	Origin
	Flawed
	ReqID       string
	Account     string
	Symbol      string // empty: all
	Unsolicited bool   `json:",omitempty"` // a change told to a subscriber, not an answer
}

// OracleTick is an aggregated outside price.
type OracleTick struct {
	Symbol     string
	Price      Price
	Confidence Price // half width of what the sources say
	Divergence Ratio // largest distance of a live source from the price
	Publish    Time  // when the source saw it
	Receive    Time  // when the gateway got it
	Sources    int64 // live sources behind the price
}

// ClockTick lets time pass: quotes expire and stale prices show.
type ClockTick struct{}

// Deposit moves collateral from outside into an account.
type Deposit struct {
	Account string // a client account, or Maker
	Symbol  string // for Maker: the market whose equity grows
	Fund    string `json:",omitempty"` // for Maker: Equity (default) or Insurance
	Amount  Money
	Key     string // idempotency key: a second deposit with it is refused
	By      string `json:",omitempty"` // who asked; empty: the configuration at start, which gets no answer
	Reason  string `json:",omitempty"` // for people
}

// Kind names the command in the journal.
func (PlaceOrder) Kind() string       { return "PlaceOrder" }
func (CancelOrder) Kind() string      { return "CancelOrder" }
func (ReplaceOrder) Kind() string     { return "ReplaceOrder" }
func (RequestStatus) Kind() string    { return "RequestStatus" }
func (RequestQuote) Kind() string     { return "RequestQuote" }
func (RequestPositions) Kind() string { return "RequestPositions" }
func (OracleTick) Kind() string       { return "OracleTick" }
func (ClockTick) Kind() string        { return "ClockTick" }
func (Deposit) Kind() string          { return "Deposit" }
