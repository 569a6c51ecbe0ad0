// Package quoting is the maker's mind: what it offers, and whether the outside
// price may be trusted.
//
// # What this room does
//
// It judges every oracle tick (Guard), moves the reserves of a constant-product
// curve to the outside price within a budget, keeps statistics, composes the
// spread of each side, and publishes for each class of clients a ladder of levels
// whose best price is explained by parts that add up to it exactly. It looks at
// every aggressive order again later (Markouts), and by what it finds grades the
// clients: who is new or was ahead of the price waits for the next one, is
// offered less, and pays a surcharge. It says what the maker wants to get rid of.
//
// # In and out
//
// In: perp.OracleTick, fills, funds and the time of the command. Out: Moved and
// Decision values, a perp.Quote, levels for an order. A Market is plain data,
// one per instrument, and reads back from JSON as it was, written after CatchUp. The
// memory of an Offer is used again: whoever keeps one takes a Clone.
//
// # Always true
//
//   - Bid < ask; asks lie above the oracle price and bids below it, all inside
//     the band (TestLadderStaysInBand).
//   - The parts of a side add up to its best price exactly (TestPartsAddUp).
//   - A larger size never gets a better price (TestWorseWithSize).
//   - No client trades back and forth at a profit while the oracle price stands
//     still (TestRoundTripNeverProfits).
//   - Equity is funds plus cash minus what closing all clients along the curve
//     would cost, exactly: what rounding withholds is counted (TestEquityIdentity).
//   - A fill that is undone leaves inventory, equity and fees as without it, and the mid
//     where the oracle is (TestUndo, TestUndoable).
//   - Funding follows the premium within its clamp, and what the maker accrues in
//     a period stays within a third of its budget (TestFundingFollowsThePremium,
//     TestMakerPaysNoMoreThanAThird, TestFundingRestsWhileClosed).
//   - Prices and sizes have no cliff as equity runs out (TestPricesAreContinuousInEquity).
//   - The desk can only make a market worse; an expired one stays so (TestForce).
//   - At the leverage cap nothing is offered that loads the maker (TestNoLoadingAtCap).
//   - A tick that may not be trusted closes the market at once; it opens again
//     only after several good ticks and some time (TestGuard, TestRecoveryIsSlow).
//   - Reserves move to the oracle within the budget, and never stay further away
//     than half the largest spread (TestRecentreKeepsWithinReach, TestPegWithin).
//   - One trade costs what many small ones cost (TestClosedFormAgainstStepping).
//   - The Reference reproduces the published numbers of the vAMM it is named
//     after (TestCurveVectors, TestSwapVectors, TestSpreadVectors,
//     TestStepVectors, TestRepegVectors, TestValidityVectors, TestOffsetVectors,
//     TestFundingVectors, TestDepthVectors, TestTwapVectors, TestGateVectors,
//     TestLoopsReachPublishedNumbers); BACKSTOP_VECTORS names another folder of cases.
//   - The design ByReference quotes what the Reference says and deals when it
//     would (TestByReferenceSpreads, TestByReferenceGate, TestByReferenceJudges,
//     TestByReferenceSpendsLittle), on books that add up (TestByReferenceBooks).
//   - P1 to P8 and P12 of the pricing rules (TestP1HalfSpreadIsMonotone and the
//     others of their kind); P4, P10 and P11 stand in engine, P13 in sim.
//   - However many orders come, each is looked at when it is time for that, but for the
//     oldest of too many (TestFloodHidesNothing).
//   - Nothing allocates in the steady state (TestPricingAllocatesNothing).
//   - An order touches a session's firms as if one by one, at the same cost for however
//     many (TestGroupsAgainstTheDumbRule, TestManyFirmsAreOneClass).
//   - A Market read back from JSON continues as the original (TestRoundTripContinues).
//
// # Not here
//
// Limits of accounts and of the maker in total (risk), who owes whom (ledger),
// the order in which things happen (engine), where prices come from (oracle).
package quoting
