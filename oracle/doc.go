// Package oracle is the door to outside prices.
//
// # What this room does
//
// It makes or reads the prices of several venues, drops what does not count,
// aggregates the rest to one price with a confidence and a divergence, and
// sends it on as perp.OracleTick. There are three feeds: a synthetic
// one, one that plays a file at any speed, and one that follows a script, for
// certification markets.
//
// # In and out
//
// In: a seed, or a .csv or .csv.gz file that its header line identifies: tops
// of book and trades of venues U, C and S; an oracle's series; 1-minute bars;
// prices per block. Out: ticks through the function given to Run, and Status
// per source. Times of the source are mapped to the gateway's clock: start +
// (t - t0) / speed. A file is read as a stream; what changes within 50 ms is
// one tick with the newest price.
//
// # Always true
//
//   - The price is within the quartiles of the ballot, and the confidence reaches both (TestPriceWithinQuartiles).
//   - One liar among three does not move the price outside what the others say (TestOneLiarAmongThree).
//   - The order of votes has no effect (TestOrderOfVotesHasNoEffect).
//   - The same seed gives the same ticks (TestSameSeedSameTicks).
//   - A script says what it is said to, at its times (TestScripts).
//   - A bad row is named by file and line, with a hint; nothing is guessed (TestBadFiles).
//   - Publish is never after Receive and never goes back (TestPlayedTimes).
//   - The end of the context ends Run (TestContextEndsRun).
//
// # Not here
//
// Whether a price is good enough to quote on (quoting), where the maker's mid
// goes (quoting), which feed prices which market (config).
package oracle
