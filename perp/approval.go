package perp

import "encoding/json"

// ProposeChange keeps a command of the desk until a second person approves it.
type ProposeChange struct {
	Operator
	Person  string          // who it is, as the door has made sure
	Command string          // the kind of what is proposed
	Payload json.RawMessage // and its fields
}

// ApproveChange does what another person proposed.
type ApproveChange struct {
	Operator
	Person   string
	Proposal int64 // as ProposeChange was answered
}

// Kind names the command in the journal.
func (ProposeChange) Kind() string { return "ProposeChange" }
func (ApproveChange) Kind() string { return "ApproveChange" }
