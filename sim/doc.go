// Package sim is the garden's white box: how does it behave in a world that we
// control?
//
// # What this room does
//
// It drives the real engine, in virtual time, with seeded flows of good and bad
// commands, and checks after every one of them what must always hold. And it
// tries designs of the maker on made-up or recorded prices against takers of
// several kinds, and scores what each of them earns.
//
// # In and out
//
// In: a seed and a number of steps. Out: an error that names seed, step and
// command if anything did not hold, and the state hash at the end.
//
// # Always true
//
//   - The same seed gives the same state hash (TestTwinRun).
//   - Balances and positions sum to zero after every command (TestZeroSumAfterEveryCommand).
//   - Each request gets exactly one terminal answer (TestOneTerminalAnswer).
//   - Money adds up in worlds of small makers and large leverage (TestMoneyAlwaysAddsUp).
//   - A trial is repeatable, and its designs differ as they should
//     (TestTrialIsRepeatable, TestDesignsDiffer, TestByReferenceLiesBetween,
//     TestSilenceStopsTheFullDesign).
//   - The checks notice what they are for (TestCheckerCatches).
//
// # Not here
//
// The running binary (acceptance), price files (oracle).
package sim
