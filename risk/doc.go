// Package risk decides: may this account trade, and may the maker?
//
// # What this room does
//
// It walks a request down the ladder of refusals and returns the first reason
// against it with the numbers behind it, computes initial, filling and
// maintenance margin on the worst case including open orders, and says how much
// more the maker may take on. It judges when an account is called and
// liquidated and how much of a position to close, what may be withdrawn, and
// when too much leaves the venue.
//
// # In and out
//
// In: a request and Facts, the state it meets as plain values. Out: a
// perp.Verdict, a Requirement, a size or a fee. Nothing is kept between calls.
//
// # Always true
//
//   - The ladder refuses in the order of perp.Reject: of several reasons the
//     earliest is told (TestLadder, TestLadderReplace).
//   - Margin never falls when a position, an order on its side or the number of
//     orders grows (TestMarginGrowsWithSize, TestMarginGrowsWithOrders).
//   - Flow that brings the maker closer to flat is never refused for its
//     leverage (TestDealerLetsInventoryShrink).
//   - An order that brings its account closer to flat is never refused for
//     limits or margin (TestReducingPasses).
//   - The Reference reproduces published cases of the vAMM it is named after
//     (TestMarginVectors, TestFeesVectors, TestLiquidationVectors, TestOrdersVectors).
//   - Fees round up, in the maker's favour (TestFeeRoundsUp).
//   - A call comes before liquidation, and leaving it takes the buffer (TestJudge).
//   - A slice is whole lots of no more than the position; closing the cure size
//     ends the shortage (TestSliceCuresAndIsPaced, TestSliceStaysInBounds).
//   - Within its reach an account stays above its margin call (TestReachesHold).
//   - A provider's quotes are judged in the same order, and taken away at the fill that
//     reaches a limit of its protection (TestProvideLadder, TestProtection,
//     TestProtectionOfCheapUnits).
//   - Only settled free collateral may leave, and not too much of it at a time
//     (TestWithdrawable, TestOutflow).
//
// # Not here
//
// Prices and whether they may be trusted (quoting), balances and positions
// (ledger), the lookups that make the facts (engine), wire codes (fix).
package risk
