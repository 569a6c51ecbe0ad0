// Package engine is the hall: what happens, and in which order.
//
// # What this room does
//
// It applies one command at a time to the state of all markets, accounts and
// orders, and says what happened as events. It is the only writer of that
// state. The rooms quoting, risk and ledger each answer one question; the
// engine asks them in order and keeps orders and request ids itself.
//
// # In and out
//
// In: perp commands and Configure, stamped by the Sequencer with a number and
// a time. Out: perp events, a snapshot, a state hash. Encode and Decode turn
// commands into journal payloads and back.
//
// # Always true
//
//   - The ledger sums to zero after every command, or Step faults (I1, TestZeroSumAfterEveryCommand in sim/).
//   - In every market what the books hold for the maker is what its curve says it
//     owns, to the last unit, or Step faults, at the latest with the next tick of the
//     clock (TestAuditFaults, TestMoneyAlwaysAddsUp in sim/).
//   - The same journal gives the same state hash (I3, TestReplayGivesSameHash), also
//     when nobody hears what is told of quotes (Reapply, every script).
//   - What is decoded of a payload is what json.Unmarshal makes of it (TestDecodeIsJSON).
//   - A held order is decided by the first price that is newer than it, the maker
//     never deals beyond that price (P4), the client never worse than quoted
//     within the tolerance (P10), a superseded quote not after its grace (P11)
//     (TestP4P10P11), and until then nobody can tell that it is held (I11,
//     TestI11TwinRun).
//   - A stream is quoted what its market offers now, its replaced quotes are good for
//     the grace alone, and a deal, its time, its market or its session ends it
//     (TestScripts/streams, TestScripts/streams_held, TestI11TwinRun).
//   - What quotes tell of funding is what its bookings pay (TestQuotesTellFunding,
//     TestFundingIsBookedEarly, TestNoFundingIsTold).
//   - Orders end with the session that placed them, once, at the end of its grace
//     and over restarts; held ones are decided (TestScripts/disconnect,
//     TestScripts/disconnect_held).
//   - A reducing order never turns a position around or opens one, a post-only one
//     never takes the offer, one whose time is over deals no more, and a stop deals
//     only after it was set off (TestReduceOnlyAgainstTheDumbRule,
//     TestScripts/orders_*, TestMoneyAlwaysAddsUp in sim/).
//   - What the maker lays off to providers are the best of their quotes near the oracle
//     price, no more than it wants to, and the same whether an order is held or not
//     (TestLayOffAgainstTheDumbRule, TestLayOffDependsOnNoHold); their quotes end with
//     their session, their time, a halt and their protection (TestScripts/provide,
//     TestScripts/provide_protected, TestScripts/provide_refused), and the place of
//     who has none and whom no protection counts is free (TestProvidersLeaveTheirPlace).
//   - What is stated of providers is what they quote, and the desk lets one quote again
//     that its protection has stopped (TestScripts/provide_desk).
//   - A market is closed for one reason at a time, and each is told
//     (TestScripts/halt_cause, and after every command of every script).
//   - Each tick that cannot be believed leads to its state at once (TestBadTicks).
//   - An account that deals for the first time costs what any other does, and a trade
//     moves none of those before it (TestFirstDealsMoveNothing, TestHistoryNeverMoves).
//   - Sessions are judged once a second each, whatever they trade for (TestGradedOnce).
//   - An oracle tick moves reserves before any order of its batch is priced (I4, TestTicksComeFirst).
//   - Every request gets exactly one terminal answer (I7, TestOneTerminalAnswer in sim/).
//   - A ClOrdID executes at most once per account, for ever (I9, TestScripts/duplicate).
//   - What is kept in mind of ended orders is bounded, and nobody can tell
//     (TestForgettingIsInvisible, TestOverfull).
//   - A tick judges only accounts for which something may follow, and what comes of
//     it is what judging all of them would bring (TestBoundsChangeNothing).
//   - Events stay as they were told, whatever is applied after them (TestEventsAreKept).
//   - What is busted is as if it had never been, or the bust is refused and nothing
//     changes (TestBustedWorldIsAsIfNever, TestScripts/bust, TestScripts/bust_refused,
//     TestRefusalsChangeNothing).
//   - Where two persons are asked for, one alone lets no more happen than before
//     (TestTwoPersons, TestProposalsAreBounded).
//   - The positions of clients and maker sum to zero (I12, TestZeroSumAfterEveryCommand in sim/).
//
// # Not here
//
// Prices (quoting), permissions and margin (risk), money (ledger), durability
// (store), messages (fix), clocks (cmd/gateway).
package engine
