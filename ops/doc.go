// Package ops is the door to the people who run the desk: how do operators see
// it?
//
// # What this room does
//
// It keeps a view of markets, sessions, fills, balances and how clients are
// treated, made from events only, and serves it read-only over HTTP: health,
// metrics, JSON, a stream of changes, and one live page.
//
// # In and out
//
// In: Restate at start, perp.Entry after each commit, and functions that tell
// session states and checks, and that look through messages. Out: /healthz, /readyz, /metrics, /api/v1/…,
// /events, /openapi.yaml, and the pages at / and /messages. alerts.yml is for Prometheus.
//
// # Always true
//
//   - Nothing here can change anything: only GET and HEAD are served (TestReadOnly).
//   - Only loopback is listened on, and only names of it are answered (TestLoopbackOnly, TestHostAllowList).
//   - The page loads nothing from elsewhere and holds no script (TestHeaders, TestPageMoves).
//   - Texts of clients are text, whatever they hold (TestHostileText, TestPageHostileText).
//   - Not ready unless every market quotes or says why, and the books sum to zero (TestReadiness).
//   - An event costs O(1), and everything that is kept has a limit (TestBounded, TestEventsHaveLimit, TestConnectionsHaveLimit).
//   - What is kept of clients has limits, and their means are those of the newest
//     markouts (TestClientsHaveLimit, TestRecent).
//   - A slow reader of /events gets the newest state, never a queue (TestEventsNewestWins).
//   - A question about messages that cannot be read is refused, and one search runs
//     at a time (TestMessagesBadQuestion, TestMessagesOneAtATime).
//   - Every metric passes the linter and is in docs/operate.md; alerts name no other (TestMetricsLint, TestMetricsAreDocumented, TestAlertsNameMetrics).
//   - Every route and field is in openapi.yaml and the other way round (TestOpenAPI).
//   - Who counts for approvals is who holds a token, or whom the system names (TestPersons).
//   - Vendored files are what their checksums say (TestVendoredFiles).
//
// # Not here
//
// Changing anything, how prices are made (quoting), what is durable (store).
package ops
