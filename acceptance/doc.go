// Package acceptance is the garden's black box: does the running binary keep
// its promises?
//
// # What this room does
//
// It starts the built gateway, talks to it over TCP as clients do, and judges
// it by what comes back. Nothing of the gateway's own code is linked in, apart
// from the published dictionary in spec/ and the examiner in certify/.
//
// # In and out
//
// In: the binary, a configuration, scripts. Out: verdicts with the messages that
// led to them. Client is a raw FIX client that may misbehave; RunDefinition
// has certify/ play QuickFIX acceptance definitions; cpp/ holds two clients and an
// acceptor on the C++ engine, an implementation that shares no code with ours.
//
// # Always true
//
//   - Everything goes to loopback addresses, with bounded counts and times.
//   - Waiting is for an event or a deadline, never for a while to pass.
//   - What FIX told an account is what the books hold, to the unit
//     (TestCrashThroughTheGateway).
//   - An order is held before it is answered, never after, and one answer follows
//     (TestHeldOrders, TestKilledWhileHeld, and every client here checks it).
//   - No session of a load test is throttled (Venue); what is, is tested for itself
//     (TestOrdersOverTheRate).
//   - Whatever clients send, in whatever order, what they hear keeps every promise of
//     the rules of engagement (TestOrderFlow), and a stream that breaks one is seen
//     (TestPromisesSeeFaults).
//   - Every row, reason, transition and flow of the rules of engagement happens over the
//     wire as the page says, in both dialects (TestRules).
//   - The reference client and the gateway do well by the logs of both sides, and a
//     byte that is flipped in one is named (TestCertifyRun).
//   - The gateway passes every suite of certify/, and stock acceptors fail exactly
//     where they are known to deviate (TestConform, TestConformFindsDeviations).
//   - A client on the C++ engine with the stock dictionary refuses nothing of a day
//     that has every type of message (TestStockClientsDay), and what a newcomer is
//     told to do does what the page shows (TestFirstMinutes).
//   - With the tag faults: whatever the gateway dies of, what its clients saw is
//     stored, once; and what is broken on purpose is seen (TestFaultMutants).
//
// # Not here
//
// Seeded tests of the engine from inside (sim).
package acceptance
