// Package spec is what the gateway has promised to the outside.
//
// # What this room does
//
// It holds the FIX 4.4 data dictionaries of both dialects, STRICT44 and VAMM1, and
// the rules of engagement that clients read, and names messages and fields for
// people.
//
// # In and out
//
// Dictionary, DictionaryVAMM1 and ROE return the documents; MessageName, FieldName and
// ValueName look them up. It imports nothing of ours.
//
// # Always true
//
//   - No built message has a group inside a group (TestGroupsHaveOneLevel).
//   - Every built message is in the dictionary and has its chapter in the rules
//     of engagement (TestBuiltMessagesHaveChapters).
//   - The tables of the rules say what the code reads, sends and answers
//     (fix: TestROEListsWhatRequestsNeed, TestROEListsEveryFieldSent, TestROEHasTheReasonTable).
//   - VAMM1 is STRICT44 with our own tags and later values (TestVAMM1IsMoreThanSTRICT44).
//
// # Not here
//
// How a message is read or written (fix), why an order is refused (risk).
package spec
