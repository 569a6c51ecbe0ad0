package perp

// Entry is one command as the journal keeps it, with what it led to.
type Entry struct {
	Seq     int64 // 1, 2, 3 … without a gap
	Time    Time
	Source  string // fix, oracle, clock, config, operator
	Command Command
	Kind    string // of the command
	Payload []byte // of the command, as engine.Encode wrote it
	Events  []Event
}

// WireMessage is one outbound FIX message that must survive.
type WireMessage struct {
	Seq   int64
	Bytes []byte
}

// SessionWrite is what one commit changes about a FIX session. Numbers are the
// next ones to be used. OutReserved is the durable bound below which numbers of
// unstored messages (quotes, market data) may be used without a commit.
type SessionWrite struct {
	Session     string // the client's CompID
	Epoch       int64  // grows by one at each sequence reset
	InSeq       int64
	OutSeq      int64
	OutReserved int64
	Acked       int64 // the client has shown that it has everything below
	Created     Time
	Messages    []WireMessage
	Signatures  []LogonSignature
}

// LogonSignature is a signature of a Logon that was accepted, by the SHA-256 of
// what was signed. It is not accepted again until its time has passed.
type LogonSignature struct {
	Digest []byte
	Until  Time
}

// AccountWrite is how many events of an account its sessions have been told.
type AccountWrite struct {
	Account string
	Events  int64
}

// Batch is what one transaction makes durable: all of it or nothing.
type Batch struct {
	Entries  []Entry
	Sessions []SessionWrite
	Accounts []AccountWrite
	Time     Time
}

// Input is a command on its way to the engine.
type Input struct {
	Command Command
	Source  string
}
