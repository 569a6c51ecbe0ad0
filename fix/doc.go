// Package fix is the door through which clients speak to the gateway: FIX 4.2,
// 4.4 or 5.0 SP2 over TCP or TLS.
//
// # What this room does
//
// It accepts connections, checks every byte before the session library sees it
// (guard), lets clients who prove who they are (proof, signature) log on (logon)
// in a version (version) and a dialect (dialect), keeps their numbers and messages
// until they are durable (numbers), learns what a client has (acked) and says the
// rest again after a reset (numbers_again) or from where the client says (seen),
// reads requests into commands (decode), bounds how many orders come (throttle),
// writes events as messages (encode), also for those who look on (dropcopy), counts
// those of each account (event_seq), and publishes quotes and market data by class
// (desk, market, stream) with what prices are made of (explain). It tells the engine
// when sessions begin and end (life) and does to them what the desk decided (steer).
// It shows what goes over the wire to whom that is told, who may have something said
// to the client (guide). Where a certification configuration wants it, it makes faults
// on the wire (inject). It also holds the bundled client, tries what it sends on a
// client's dictionary (lint), and finds messages for people (search), with requests
// as the engine took them (asked). All sessions of a version share one dictionary
// (dictionary).
//
// # In and out
//
// In: bytes of clients; perp.Entry and perp.Event from the sequencer (Encode,
// Publish, Restate); what is durable (Release). Out: perp.Input into the inbox;
// perp.SessionWrite and perp.AccountWrite for the transaction (Drain,
// DrainAccounts); bytes of messages whose numbers are durable; SessionStatus and
// Knocks for operators. For those who watch an account the desk asks the engine,
// through the same inbox, what is new.
//
// # Always true
//
//   - Nothing leaves before its number is durable: TestNothingLeavesBeforeTheCommit.
//   - A number that a client may have seen is never used again: TestNumbersSurviveACrash.
//   - Every report reaches its client, and comes again only with a mark, whatever
//     breaks, crashes or resets in between: TestEveryReportArrives.
//   - A reset is one transaction with what it owes: TestResetIsOneTransaction;
//     only what a client has not shown to have is owed: TestWhatIsShownIsNotSentAgain.
//   - A client that names the last report it saw gets all that came after it, once:
//     TestLastSeen, TestLastSeenIsBounded.
//   - A request whose number is durable was decided, and the other way round:
//     TestRequestAndNumberBecomeDurableTogether.
//   - No bytes of a client end the process or hurt another client: TestHostileBytes.
//   - A client that does not read is cut, others do not notice: TestClientThatDoesNotRead.
//   - A refused logon changes nothing for the owner of the CompID: TestRefusedLogonSpendsNothing.
//   - Who does not show the right certificate is refused before the session
//     library: TestTLSRefusals, TestPlainTCPIsCut.
//   - A signed Logon serves once, for seconds, and is durable before it is
//     answered: TestSignedLogonRefusals, TestSignatureServesOnce,
//     TestSignatureIsDurableFirst.
//   - Guessing is locked out, moves no number, costs others nothing and does not
//     tell which CompIDs exist: TestGuessingIsLockedOut, TestProofsAreBounded.
//   - What happens to an account by itself is told to all its sessions:
//     TestEverySessionOfTheAccountIsTold.
//   - A drop copy session gets every report about the orders of its accounts, and
//     of nobody else's, as durable as the report: TestDropCopies,
//     TestWhatIsNotCopied, TestDropCopySurvives.
//   - The events of an account are numbered without a gap, for ever:
//     TestEventsAreCounted, TestEventsAreCountedForEver.
//   - News of an account wait in one place of bounded size and miss no last
//     change: TestNewsOfPositionsAreCoalesced, TestNewsWaitForRoom.
//   - The end of a session reaches the engine once, whatever ended it, though the
//     inbox is full: TestEveryEndIsTold, TestFullInboxLosesNoEnd.
//   - Who is logged out by the desk is told why, and no number goes astray:
//     TestKickedClientIsTold, TestDisabledSession, TestNumbersOfTheDesk.
//   - What is left out or sent twice on purpose is so after its commit, and a resend
//     or a reset still brings it: TestInjectedGap, TestInjectedGapIsDurableFirst,
//     TestInjectedGapIsOwedUntilItIsSent.
//   - No session is without the dictionary of its version: TestSessionsShareADictionary,
//     TestLibraryThatIsOtherwise.
//   - What says that it is a repetition is done only if it says of when:
//     TestRepetitionsSayWhenTheyWereFirstSent.
//   - Whatever goes into the engine for a client can be shown: TestAsked.
//   - A panic in a callback becomes a fault: TestPanicBecomesFault.
//   - STRICT44 has no tag and no value that a stock dictionary lacks, also when it
//     repeats what was said in VAMM1: TestOutboundGolden, TestResendSpeaksTheDialectOfTheSession.
//   - What is said in FIX 4.2 and 5.0 SP2 is what the stock dictionaries of these
//     have, first and again (version): TestOutboundOfVersions; a session that moves
//     to another version keeps its reports: TestSessionMovesToAnotherVersion.
//   - A client with the stock dictionary takes every message in each of its forms:
//     TestStockDictionaryTakesEveryForm, TestLogHasEveryForm.
//   - A trade that was busted is told as that, in every version: TestBustIsTold,
//     TestBustInFIX42.
//   - Funding is told with prices and with what it pays: TestFundingIsTold.
//   - The parts of a price on the wire give that price to the tick:
//     TestPartsOnTheWireGiveThePrice.
//   - A stream is told its newest quote alone, never again, and to nobody but the
//     connection that asked for it: TestStreamIsConflated, TestStreamsEndWithTheConnection.
//   - Quotes of a provider are read as they stand, in bounded number, and refusals are
//     told whatever it asked to hear: TestDecodeProvide, TestDecodeProvideIsBounded,
//     TestQuietProviderHearsOfRefusals.
//   - A session sees the quote of its class and never that of a better one:
//     TestStreamsAreByClass; what is written once for many is what each would get:
//     TestSharedBodiesAreWhatEachWouldGet.
//   - A session is told how it stands, of itself alone: TestUserRequest.
//   - The message log has what left, in the order of the wire:
//     TestLogHasTheOrderOfTheWire.
//   - News of prices, busts and terms goes to those concerned, once in a time:
//     TestOracleNews, TestOracleNewsIsBounded, TestBustNews, TestTierNews.
//   - News, prices, states and fills say the same of the outside price:
//     TestPricesAndNewsAgree.
//   - What is overheard is what went over the wire, in its order, without a secret;
//     who is told something that way is here, and hears nothing twice:
//     TestOverheard.
//   - An order over the rate of its session has no effect: TestOrdersOverTheLimitAreThrottled.
//   - No secret and no second line in a log record, and no secret behind the
//     guard: TestCleanLog, TestSecretsStayInTheGuard.
//
// # Not here
//
// Which requests are good: risk and engine. What is durable: store. What we
// promise clients: spec. The loop that calls the door: cmd/gateway.
package fix
