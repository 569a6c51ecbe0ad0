// Package sim is the garden's white box: how does it behave in a world that we
// control?
//
// # What this room does
//
// It drives the real engine, in virtual time, with seeded flows of good and bad
// commands, and checks after every one of them what must always hold. And it
// tries designs of the maker on made-up or recorded prices against takers of
// several kinds, scores what each of them earns, and compares the full design
// with its goals.
//
// # In and out
//
// In: a seed and a number of steps; or a scenario, a design and a seed. Out: an
// error that names seed, step and command if anything did not hold, and the
// state hash at the end; or a score. Times of a trial are virtual: it goes from
// one thing that happens to the next, so that hours of silence cost nothing.
//
// # Always true
//
//   - The same seed gives the same state hash (TestTwinRun), in every scenario
//     with every design (TestTrialIsRepeatable).
//   - Balances and positions sum to zero after every command (TestZeroSumAfterEveryCommand).
//   - Each request gets exactly one terminal answer (TestOneTerminalAnswer).
//   - A journal that another process replays ends in the same state (TestSameStateInAnotherProcess).
//   - Money adds up in worlds of small makers and large leverage (TestMoneyAlwaysAddsUp).
//   - Designs differ as they should (TestDesignsDiffer, TestByReferenceLiesBetween,
//     TestSilenceStopsTheFullDesign).
//   - Takers see the quote of their own class (TestTakersSeeTheQuoteOfTheirClass).
//   - Where a file is silent so is the oracle (TestFilesAreSilent); minutes are
//     filled within what is known of them (TestBarsAreBridged).
//   - The curve loses what theory says if nobody defends it (TestLossMatchesClosedForm).
//   - The checks notice what they are for (TestCheckerCatches).
//
// # Not here
//
// The running binary (acceptance), price files (oracle), real outside venues
// (fix): the one of a trial is a Venue of its own.
package sim
