// Package bench is the garden's stopwatch: how fast is the gateway, beside what?
//
// # What this room does
//
// It starts the gateway and its peers as processes of their own, sends all of them
// the same orders from the same client, by turns, and sets what it measured beside
// the targets. The peers are the stock quickfix library with each of its stores,
// which this program itself becomes when it is started as one (peer), and QuickFIX
// C++, which is compiled here where it can be (cpp). What needs no process, the
// engine and the store, is measured in this one (core, growth).
//
// # In and out
//
// In: the gateway's executable, what turns a configuration into commands, which
// rows, short or full. Out: results as values, and those as a table or JSON.
//
// # Always true
//
//   - No time is asserted: a target that is missed is a result, not a failure.
//   - What could not be measured says so and why, and has no number
//     (TestUnmeasuredHasNoNumber).
//   - No process and no file is left, whatever ends the measurement
//     (TestNothingIsLeft).
//   - Only answers to orders of the present round count (TestOnlyOwnFillsCount).
//
// # Not here
//
// Whether answers are right (acceptance). Benchmarks of single functions stand
// beside them in their rooms.
package bench
