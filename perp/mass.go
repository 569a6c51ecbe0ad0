package perp

// Scope is which orders a request about many of them means.
type Scope uint8

// Scopes. The zero Scope is none that is known.
const (
	ScopeMarket Scope = iota + 1 // those in one market
	ScopeAll
)

// String names the scope.
func (s Scope) String() string { return name(scopeNames, s) }

var scopeNames = []string{"", "market", "all"}

// CancelOrders asks for the end of all working orders that its session placed
// (FIX q).
type CancelOrders struct {
	Origin
	Flawed
	ClOrdID string // of this request
	Scope   Scope
	Said    string // the scope in the client's words
	Symbol  string // for ScopeMarket
	Side    Side   // zero: both
}

// RequestOrders asks for the state of all orders that may still fill of an
// account, or of all that its session may use (FIX AF).
type RequestOrders struct {
	Origin
	Flawed
	ReqID   string
	Scope   Scope
	Account string
	Symbol  string // for ScopeMarket
	Side    Side   // zero: both
}

// OrdersCanceled answers a CancelOrders (FIX r), after the reports of the orders.
type OrdersCanceled struct {
	Origin  Origin
	ClOrdID string
	Said    string // the scope in the client's words
	Symbol  string
	Side    Side
	Count   int64        // of orders that ended
	Ended   []EndedOrder // the first of them
	Verdict Verdict
}

// EndedOrder names an order that a CancelOrders ended.
type EndedOrder struct{ ClOrdID, OrderID string }

// OrdersReported answers a RequestOrders with one report for each order (150=I),
// or with one that says why there is none. Execs are the ids of the reports.
type OrdersReported struct {
	Origin  Origin
	ReqID   string
	Account string
	Symbol  string
	Side    Side
	Orders  []Order
	Execs   []string
	Verdict Verdict
}

// Kind names the command or event.
func (CancelOrders) Kind() string   { return "CancelOrders" }
func (RequestOrders) Kind() string  { return "RequestOrders" }
func (OrdersCanceled) Kind() string { return "OrdersCanceled" }
func (OrdersReported) Kind() string { return "OrdersReported" }
