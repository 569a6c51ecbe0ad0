package backstop_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var testName = regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w*`)

// TestRoomCardsAreTrue: every test that a room card or ARCHITECTURE.md names
// exists, so that "always true" is never only said.
func TestRoomCardsAreTrue(t *testing.T) {
	known := map[string]bool{}
	tests, err := filepath.Glob("*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	deeper, err := filepath.Glob("cmd/*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^func ((Test|Fuzz)\w+)\(`)
	for _, file := range append(tests, deeper...) {
		for _, m := range declared.FindAllStringSubmatch(read(t, file), -1) {
			known[m[1]] = true
		}
	}
	cards, err := filepath.Glob("*/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, card := range append(cards, "ARCHITECTURE.md") {
		for _, name := range testName.FindAllString(read(t, card), -1) {
			if !known[name] {
				t.Errorf("%s names %s, which does not exist", card, name)
			}
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
