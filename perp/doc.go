// Package perp is the cellar: the words that every room shares.
//
// # What this room does
//
// It defines the values (Price, Size, Money, Ratio, Time), the commands that
// go into the engine, the events that come out, the rejects in their order of
// precedence, and the records that the doors exchange with the store.
//
// # In and out
//
// Text becomes a value with ParsePrice, ParseSize, ParseMoney and ParseRatio,
// exactly or not at all; a value becomes text with String. Nothing here keeps
// state, does I/O, reads a clock or uses a float.
//
// # Always true
//
//   - Parsing what String printed gives the same value (TestRoundTrip).
//   - A text with more digits than the unit is refused, never rounded (TestParseRefuses).
//   - JSON carries values as whole numbers of their unit, exactly (TestJSONRoundTrip).
//   - Arithmetic that does not fit is a Fault, never a wrap (TestOverflowIsFault).
//   - The names of rejects, commands and events are unique (TestNamesAreUnique).
//
// # Not here
//
// What an order costs (quoting), whether it is allowed (risk), who pays whom
// (ledger), in which order things happen (engine), FIX tags (fix).
package perp
