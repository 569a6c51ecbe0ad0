// Package ops is the door to the people who run the desk: how do operators see
// it?
//
// # What this room does
//
// It keeps a view of markets, sessions, fills and balances, made from events
// only, and serves it read-only over HTTP: health, metrics, JSON, a stream of
// changes, and one live page.
//
// # In and out
//
// In: perp.Entry after each commit, and functions that tell session states and
// checks. Out: /healthz, /readyz, /metrics, /api/v1/…, /events, /openapi.yaml, /.
//
// # Always true
//
//   - Nothing here can change anything: only GET and HEAD are served (TestReadOnly).
//   - Only loopback is listened on, and only names of it are answered (TestHostAllowList).
//   - The balances that are shown sum to zero, or readiness says so (TestReadiness).
//   - A slow reader of /events gets the newest state, never a queue (TestEventsNewestWins).
//   - Every metric passes the linter and is in docs/operate.md (TestMetricsLint, TestMetricsAreDocumented).
//   - Every route is in openapi.yaml and the other way round (TestOpenAPI).
//   - Vendored files are what their checksums say (TestVendoredFiles).
//
// # Not here
//
// Changing anything (no admin port exists yet), how prices are made (quoting).
package ops
