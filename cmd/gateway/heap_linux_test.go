package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// TestSpareHasNoPages: memory that is only counted is not held, also where it is used
// a second time and was cleared for that.
func TestSpareHasNoPages(t *testing.T) {
	b := make([]byte, heapSpare)
	for i := range b {
		b[i] = 1
	}
	full := held(t)
	clear(b)
	unpage(b)
	if now := held(t); now > full-heapSpare*9/10 {
		t.Errorf("%d bytes are held, %d with all of it", now, full)
	}
	for i := range b {
		if b[i] != 0 {
			t.Fatalf("byte %d is %d", i, b[i])
		}
	}
}

// TestStartGetsLargePages: what a start allocates stands in large pages, and what is
// allocated later does not ask for any.
func TestStartGetsLargePages(t *testing.T) {
	if !onRequest() {
		t.Skip("this kernel gives large pages to all or to nobody")
	}
	fill := func() (all [][]byte) {
		for range 1 << 10 {
			b := make([]byte, startRoom>>10)
			for i := range b {
				b[i] = 1
			}
			all = append(all, b)
		}
		return all
	}
	debug.FreeOSMemory() // As in a process that has just begun.
	end := largePages()
	before := large(t)
	var state [][]byte // What earlier tests have left is filled first.
	for rounds := 0; large(t)-before < startRoom/16; rounds++ {
		if rounds == 4 {
			t.Fatalf("%d bytes of %d stand in large pages", large(t)-before, len(state)*len(state[0]))
		}
		state = append(state, fill()...)
	}
	if marked(t) == 0 {
		t.Error("no memory is marked: the test is blind")
	}
	if end(); marked(t) > 0 {
		t.Errorf("large pages are still asked for in %d places", marked(t))
	}
	runtime.KeepAlive(state)
}

// large is how much memory stands in large pages.
func large(t *testing.T) (bytes int) {
	t.Helper()
	for line := range strings.Lines(mapped(t)) {
		if text, found := strings.CutPrefix(line, "AnonHugePages:"); found {
			var kb int
			if _, err := fmt.Sscan(text, &kb); err != nil {
				t.Fatal(err)
			}
			bytes += kb << 10
		}
	}
	return bytes
}

// marked is in how many places large pages are asked for.
func marked(t *testing.T) (places int) {
	t.Helper()
	for line := range strings.Lines(mapped(t)) {
		if flags, found := strings.CutPrefix(line, "VmFlags:"); found && slices.Contains(strings.Fields(flags), "hg") {
			places++
		}
	}
	return places
}

func mapped(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// held is how much memory of its own the kernel holds for this process, in bytes.
func held(t *testing.T) (kb int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "RssAnon:")
	if _, err := fmt.Sscan(after, &kb); err != nil || !found {
		t.Fatalf("no RssAnon: %v", err)
	}
	return kb << 10
}
