// Package ledger keeps the books: it answers who owes whom.
//
// # What this room does
//
// It holds every account as a balance, every client's position, and moves
// money only as transfers from one account to another. A fill changes a
// position, realises profit or loss as a claim between client and maker, and
// settles it at once: a loser pays what cash it has, a winner is paid from
// what losers and the maker really paid in, and the rest stays a claim that is
// completed, oldest first, as soon as there is cash.
//
// # In and out
//
// In: Deposit and Fill. Out: events (Posted, PositionChanged, Settled) and
// readers (Balance, Position, OpenInterest, …). The whole state is one JSON
// value; reading it back audits it.
//
// # Always true
//
//   - Cash accounts sum to zero, claims sum to zero, and in every market all
//     positions sum to zero, after every command (TestBooksSumToZero).
//   - Running sums equal what re-adding every row gives (TestBooksSumToZero).
//   - Settled profit never exceeds what losers and the maker paid in
//     (TestSettledNeverExceedsPaid).
//   - Settlement and fees never make cash, equity or a pool account negative
//     (TestNothingGoesNegative).
//   - A deposit key counts once (TestDepositCountsOnce).
//   - A ledger read back from JSON continues as the original (TestRoundTripContinues).
//
// # Not here
//
// Whether an account may trade (risk), what a fill costs (quoting), orders
// (engine). Bankruptcy and insurance payments are not built yet: a loss beyond
// an account's cash stays a negative claim.
package ledger
