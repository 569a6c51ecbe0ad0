// Package spec is what the gateway has promised to the outside.
//
// # What this room does
//
// It holds the table of what is promised (messages.txt: messages, fields, values,
// tags of our own, reasons, what other versions say otherwise), the FIX 4.4 data
// dictionaries of both dialects, STRICT44 and VAMM1, those of FIX 4.2 and of FIX
// 5.0 SP2 over FIXT.1.1, and the rules of engagement that clients read. It writes the
// table as Markdown and as a FIX Orchestra repository, and names messages and
// fields for people.
//
// # In and out
//
// Promised returns the table; Dictionary, DictionaryVAMM1, ROE, Markdown and
// Orchestra the documents; MessageName, FieldName and ValueName look things up. It
// imports nothing of ours.
//
// # Always true
//
//   - The tables of the rules and the dictionary of VAMM1 are what the table says,
//     byte for byte (TestROESaysWhatTheTableSays, TestVAMM1IsWrittenFromTheTable).
//   - FIX44.xml is the standard with flat groups, and every row is of the standard:
//     name, values, versions (TestDictionaryIsTheStandard, TestRowsAreOfTheStandard).
//   - The dictionaries of FIX 4.2, FIX 5.0 SP2 and FIXT.1.1 are the standard with
//     groups of one level (TestVersionsAreTheStandard), and what the table says in
//     a version is known there (TestVersionsSayTheirOwnValues).
//   - No built message has a group inside a group (TestGroupsHaveOneLevel).
//   - Every built message is in the dictionary and has its chapter in the rules
//     of engagement (TestBuiltMessagesHaveChapters).
//   - The rules say what the code reads, sends and answers (fix:
//     TestROEListsWhatRequestsNeed, TestROEListsEveryFieldSent, TestROEHasTheReasonTable,
//     TestFieldsSentAreInTheTable, TestCodesAreInTheTable).
//   - VAMM1 is STRICT44 with our own tags and later values (TestVAMM1IsMoreThanSTRICT44).
//   - The Orchestra file has every row, and all that it refers to
//     (TestOrchestraHasEveryRow, TestOrchestraIsWhole).
//
// # Not here
//
// How a message is read or written (fix), why an order is refused (risk).
package spec
