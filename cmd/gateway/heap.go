package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// The garbage collector begins anew when what is live has grown by a share of it, so
// what is garbage meanwhile is as much again as is live by default: in a gateway with
// few sessions some ten megabytes, which are full every two hundred orders, and with
// a thousand sessions a hundred, which nothing needs. So the share is smaller, and of
// more: heapSpare is memory that the collector takes for live and nobody ever
// touches, so that it costs addresses and no pages. Garbage is then forty to sixty
// megabytes, however many sessions there are.
const (
	heapSpare = 96 << 20
	heapShare = 40 // percent
)

// spareHeap makes it once and keeps it for the life of the process. Where whoever runs
// the gateway has told the collector what to do, there is none: a limit would count it.
var spareHeap = sync.OnceValue(func() []byte {
	if os.Getenv("GOGC") != "" || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return nil
	}
	debug.SetGCPercent(heapShare)
	b := make([]byte, heapSpare)
	unpage(b)
	return b
})

// replayRoom is how much may be allocated between two collections while the state is
// restored: it is garbage at once and little else is there yet, so with less half of
// a replay would be collecting.
const replayRoom = 128 << 20

// startRoom is how much memory the heap gets in large pages for a start: what lies about
// between two collections, and the state.
const startRoom = replayRoom + 64<<20

// largePages has what is allocated next stand in pages of 2 MB until end is called, where
// that can be had. A start fills a hundred megabytes for the first time, and in a virtual
// machine most of its time would go into getting them in pages of 4 kB.
func largePages() (end func()) {
	end = advised(make([]byte, startRoom))
	runtime.GC() // It was nobody's, and is the heap's now.
	return end
}

// collectEvery lets so much be allocated between two collections until end is called.
func collectEvery(room uint64) (end func()) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	was := debug.SetGCPercent(int(room * 100 / max(m.HeapAlloc, 1<<20)))
	return func() { debug.SetGCPercent(was) }
}
