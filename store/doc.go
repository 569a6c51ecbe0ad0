// Package store is the door to the disk: what must never be forgotten?
//
// # What this room does
//
// It keeps one SQLite file per data directory: the journal of commands as a hash
// chain, the events, the tables that people query, snapshots, and the numbers and
// messages of FIX sessions.
//
// # In and out
//
// In: perp.Batch, one transaction each. Out: the journal for replay, snapshots,
// session numbers and messages, and the api_* views for anyone's SQL.
//
// # Always true
//
//   - A batch is there whole or not at all (TestCommitIsAllOrNothing).
//   - After a failed commit every later one is refused (TestBrokenStoreStaysBroken).
//   - A second process is refused and writes nothing (TestSecondOpenIsRefused).
//   - What happened is never rewritten (TestAppendOnly).
//   - A changed journal row is named (TestVerifyNamesTheRow).
//   - A ClOrdID stands once per account (TestClientIDsAreUnique).
//   - The balances sum to zero and equal the transfers (TestBalancesFollowTransfers).
//
// # Not here
//
// What commands mean (engine), when to commit (cmd/gateway), what clients may
// have again (fix).
package store
