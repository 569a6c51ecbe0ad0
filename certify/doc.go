// Package certify is the garden's examiner: does what was said keep the rules?
//
// # What this room does
//
// It plays scenarios against any FIX acceptor (script, play, wire, definition, suite)
// and says which of them do not hold, with the line and the message (run). Three
// suites come with it: the rules of the session (session/*.def), what must not
// harm an acceptor (malformed), and what the certification markets do
// (markets/*.def). Definitions of QuickFIX run as they are.
//
// It plays a reference client that does what a client has to (active, client/*.def).
// It reads logs of sessions (log), has automata judge what the client did (check),
// and writes that as a report which anybody can derive again (report, render). It
// follows a session that goes on and says how it stands (guide).
//
// # In and out
//
// In: an address, or the command of an engine to play through (through), a suite or
// files of scenarios, a seed; logs. Out: outcomes and
// reports as values, text, JSON, JUnit, Markdown and HTML. It sees gateways from
// outside alone: bytes and logs.
//
// # Always true
//
//   - Waiting is for a message, an end or a deadline, never for a while to pass.
//   - A case passes only if every line does (TestPlayIsStrict).
//   - A slip in a scenario is named with file and line (TestScriptErrors).
//   - A client that does well passes every check (TestGoodDayPasses); each fault
//     fails its check and no other (TestEachFaultFailsItsCheck).
//   - A guide says what the report says (TestGuideAgreesWithTheReport,
//     TestGuideTakesWhatIsMissingFirst).
//   - What the gateway says it left out on purpose never came (TestLeftOutOnPurpose);
//     orders are judged as a client has to take the messages (TestInOrder).
//   - A client whose connection breaks asks for what it has missed (TestPlayAgain).
//   - What a log leaves open is not held against a client, what it shows is: whose
//     log it is decides (TestGapMayReachBackOverABreak, TestLogsNameTheirSource).
//   - The same log gives the same report, and what is changed in it is named by its
//     line (TestReportsAreDerived).
//   - The same seed makes the same suite (TestMalformedIsSeeded).
//
// # Not here
//
// Starting gateways and judging their books (acceptance). What is promised (spec).
package certify
