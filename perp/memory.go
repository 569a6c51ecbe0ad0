package perp

// The engine keeps in mind what may still change, and of what has ended the
// latest: everything else is in the store. These commands move orders between
// the two. They stand in the journal, so a replay forgets and recalls the same.

// ForgetOrders lets ended orders be forgotten, the oldest first, as long as they
// ended at or before the command Through. All of that is durable.
type ForgetOrders struct{ Through int64 }

// RecallOrder brings back an ended order because a request that follows names it.
type RecallOrder struct {
	Order Order
	Names []string // client ids that it was found by, besides its own
}

// OrderRef names an order by its OrderID, or by a client id within an account.
type OrderRef struct{ OrderID, Account, ClOrdID string }

// Kind names the command.
func (ForgetOrders) Kind() string { return "ForgetOrders" }

// Kind names the command.
func (RecallOrder) Kind() string { return "RecallOrder" }
