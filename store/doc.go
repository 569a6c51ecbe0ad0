// Package store is the door to the disk: what must never be forgotten?
//
// # What this room does
//
// It keeps one SQLite file per data directory. Commit makes a batch durable in
// one synced transaction: the journal of commands as a hash chain with the
// events, the tables that people query, and the numbers and messages of FIX
// sessions. It replays the journal, keeps snapshots, and checks everything that
// the file says twice.
//
// # In and out
//
// In: perp.Batch and snapshots, through a Store, of which a data directory has
// one at a time. Out, also through a Reader beside a running gateway: journal
// rows, snapshots, session numbers and messages, balances, orders, fills,
// last looks, markouts and grades by time, differences as values, and the api_*
// views for anyone's SQL.
//
// Errors that cross: ErrLocked, ErrNewer, ErrForeign, ErrDamaged (nothing was
// written), ErrBroken (a commit failed, the process must end).
//
// # Always true
//
//   - A batch is there whole or not at all, wherever the process died (TestKilledInCommit).
//   - A schema is the old one or the new one, wherever the process died (TestKilledInMigration).
//   - A trade is busted once, and only one that was dealt; books and orders are re-added
//     without it (TestBusts, TestBustsThatCannotBe, TestBustsThatWereTampered).
//   - A setting of SQLite that did not hold refuses the start (TestWrongPragmasAreRefused).
//   - After a failed commit nothing of it is there and every later one is refused (TestCommitError).
//   - A second process is refused within a second and writes nothing (TestSecondProcessIsRefused).
//   - What happened is never rewritten (TestAppendOnly).
//   - A changed bit in journal, events, messages or books is named (TestBitFlipsAreNamed,
//     TestBitFlipsOfABackupAreRefused).
//   - A client order id takes effect once per account, for ever (TestClientIDsAreUnique).
//   - The balances sum to zero and equal their transfers; positions equal their
//     fills (TestBooksAgree).
//   - The balances stand at the end of the journal, moved by the database alone
//     (TestBalancesFollowTransfers).
//   - A batch of any size is one transaction (TestLargeBatch).
//   - Differences are found beside a running gateway, at the cost of what is new (TestAuditor,
//     TestAuditorStopsAtAGap).
//   - What clients are held, marked out and graded by is kept as it was told, and
//     reads back so (TestClientRows, TestMarkoutsAndGrades).
//   - Every hot statement finds its rows by a key (TestHotStatementsSearch).
//   - What a start takes does not grow with history, and damage in what it leaves out is
//     found beside the running gateway (TestStartOfALargeDatabase, TestScrub, TestReferencesAreAll).
//   - Readers never stop a commit, and a commit never stops readers (TestReadersAndWriter).
//   - A look at what was said is bounded, and the next one goes on where it ended (TestTalk,
//     TestTalkHasLimits, TestTalkKeepsMoments).
//   - A reader of ours leaves within a second, so the write-ahead log stays small; one of
//     another process makes it grow, which WAL tells (TestOwnReaderIsCut,
//     TestIdleStoreEmptiesTheLog, TestPinnedReader).
//   - A commit after a pause hardly ever syncs twice (TestLullsBetweenPrices).
//
// # Not here
//
// What commands mean (engine), when to commit (cmd/gateway), what a client may
// have again (fix), what last looks add up to (cmd/gateway). Quotes are not kept:
// replay makes them again.
package store
