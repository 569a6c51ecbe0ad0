package main

import (
	"testing"

	"backstop/perp"
)

func TestEveryReasonIsExplained(t *testing.T) {
	for _, r := range perp.Rejects() {
		if rejectTexts[r] == "" {
			t.Errorf("%s has no text", r)
		}
	}
	if len(rejectTexts) != len(perp.Rejects()) {
		t.Errorf("%d texts for %d reasons", len(rejectTexts), len(perp.Rejects()))
	}
}
