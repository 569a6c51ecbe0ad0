package main

import (
	"fmt"
	"os"
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
