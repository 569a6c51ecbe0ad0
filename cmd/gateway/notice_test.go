package main

import (
	"slices"
	"testing"
	"time"
)

// TestMoments: clients are told at once, and 60, 30 and 10 seconds before the stop
// if there is as much time.
func TestMoments(t *testing.T) {
	const s = time.Second
	for notice, want := range map[time.Duration][]time.Duration{
		0: nil, -s: nil, s: {0}, 10 * s: {0}, 11 * s: {0, s}, 60 * s: {0, 30 * s, 50 * s}, 90 * s: {0, 30 * s, 60 * s, 80 * s},
	} {
		if got := moments(notice); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", notice, got, want)
		}
	}
}
