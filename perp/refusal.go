package perp

// LogonsRefused: the guard turned connections away. It is a note for the audit,
// not a wish: one for all that were alike within a minute, so that who knocks
// often writes no more than who knocks twice. Reason is why.
type LogonsRefused struct {
	Operator
	Session string // the CompID that was named, if a client has it; empty: none has, or various
	Addr    string // empty: various
	Count   int64
	First   Time
	Last    Time
}

// Kind names the command in the journal.
func (LogonsRefused) Kind() string { return "LogonsRefused" }
