// Package spec is what the gateway has promised to the outside.
//
// # What this room does
//
// It holds the FIX 4.4 data dictionary of dialect STRICT44 and the rules of
// engagement that clients read, and names messages and fields for people.
//
// # In and out
//
// Dictionary and ROE return the two documents; MessageName, FieldName and
// ValueName look them up. It imports nothing of ours.
//
// # Always true
//
//   - No built message has a group inside a group (TestGroupsHaveOneLevel).
//   - Every built message is in the dictionary and has its chapter in the rules
//     of engagement (TestBuiltMessagesHaveChapters).
//   - The tables of the rules say what the code reads, sends and answers
//     (fix: TestROEListsWhatRequestsNeed, TestROEListsEveryFieldSent, TestROEHasTheReasonTable).
//
// # Not here
//
// How a message is read or written (fix), why an order is refused (risk).
package spec
