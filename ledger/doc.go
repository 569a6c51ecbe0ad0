// Package ledger keeps the books: it answers who owes whom.
//
// # What this room does
//
// It holds every account as a balance, every client's position, and moves
// money only as transfers from one account to another. P&L passes three stages:
// unrealised while a position is open, realised as a claim between client and
// maker when a fill reduces it, settled when cash moves. Losers pay into the
// market's P&L pool, winners are paid from it and from nothing else; what is
// not there stays a claim. It also accrues and books funding, spreads what a
// bankrupt account cannot pay, and closes a market for ever.
//
// # In and out
//
// In: Deposit, Withdraw, Fill, Bust, Settle, Accrue, BookFunding, Resolve, Expire.
// Out: events (Posted, PositionChanged, Settled, FundingPaid, Bankrupted, …) and
// readers (Balance, Position, OpenInterest, Worth, …). The whole state is one
// JSON value; reading it back audits it.
//
// # Always true
//
//   - Cash accounts sum to zero, claims sum to zero, and in every market all
//     positions sum to zero, after every command (TestBooksSumToZero).
//   - Running sums equal what re-adding every row gives (TestBooksSumToZero).
//   - What the index finds is what a search through all rows finds (TestIndexAgainstRows).
//   - Settled profit never exceeds what losers, maker and insurance paid in
//     (TestSettledNeverExceedsPaid).
//   - Cash, equity, pool, fees and insurance never become negative (TestNothingGoesNegative).
//   - Winners who wait are paid in proportion to their claims (TestClaimsAreSharedOut).
//   - The maker pays its own loss into the pool, not another's (TestMakerPaysItsOwnLossOnly).
//   - Funding of one booking sums to zero, the maker included (TestFundingSumsToZero);
//     each client's payment follows from its index, which adds up since the listing
//     (TestIndexGivesThePayment).
//   - A bankrupt account's debt is borne by insurance, maker, open positions, in
//     this order, each step booked (TestBankruptcyIsBorneInOrder).
//   - Expiry pays no more than there is (TestExpiryPaysNoMoreThanThereIs).
//   - The Reference reproduces published cases of the vAMM it is named after
//     (TestPositionVectors, TestPnlSettleVectors, TestBankruptcyVectors).
//   - A bust leaves positions and money as if the trade had never been, whatever is
//     busted first (TestBustIsAsIfNever, TestBustReversesTheLastTrade).
//   - A row of an account that is new moves no other (TestNewRowsAreNotInserted).
//   - A key counts once (TestDepositCountsOnce).
//   - A ledger read back from JSON continues as the original (TestRoundTripContinues).
//
// # Not here
//
// Whether an account may trade, when it is liquidated (risk), what a fill costs
// and the funding rate (quoting), when things are due (engine).
package ledger
