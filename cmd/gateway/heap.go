package main

import "sync"

// heapSpare is memory that the garbage collector takes for live and nobody ever
// touches, so that it costs addresses and no pages. What is really live in a gateway
// with few sessions is some ten megabytes; the collector, which begins anew when that
// has doubled, would run every two hundred orders. A larger percentage would do the
// same, and cost most where most is live already: with a thousand sessions.
const heapSpare = 32 << 20

// spareHeap makes it once and keeps it for the life of the process.
var spareHeap = sync.OnceValue(func() []byte { return make([]byte, heapSpare) })
