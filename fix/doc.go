// Package fix is the door to FIX clients: how do clients speak to us?
//
// # What this room does
//
// It accepts connections and puts our own skin around the session engine: the
// guard (guard_*.go) cuts the byte stream into sound messages, checks who logs
// on, and holds outgoing bytes back until their numbers are durable; numbers.go
// is the engine's message store in memory; door*.go carries requests to the
// inbox and answers out. decode*.go and encode*.go translate, reject.go alone
// knows FIX reason codes, desk.go and market.go answer what is public. Dial is a
// client for people at a prompt.
//
// # In and out
//
// In: bytes from clients, events from the engine. Out: commands into the inbox,
// perp.SessionWrite into the next commit, messages to clients after it.
//
// # Always true
//
//   - Nothing leaves before its number is durable (I2, TestNothingLeavesBeforeItsCommit).
//   - A garbled message spends no number, and no input stops the process (TestKillers, FuzzCut).
//   - A refused Logon moves no number of the session's owner (TestWrongPasswordMovesNoNumber).
//   - Numbers of unstored messages are never used twice (TestReservationSurvivesACrash).
//   - Every reject has exactly one row of codes (TestRejectTable).
//   - What is sent passes the stock FIX 4.4 dictionary (TestStockDictionary).
//   - No callback waits for the sequencer, a disk or another client.
//
// # Not here
//
// Whether an order is allowed (risk), what it costs (quoting), what is durable
// (store), the rules as clients read them (spec).
package fix
