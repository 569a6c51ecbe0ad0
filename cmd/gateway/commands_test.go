package main

import (
	"os"
	"strings"
	"testing"

	"backstop/config"

	"github.com/google/go-cmp/cmp"
)

// TestHelpFitsTheScreen: every command has a summary and an example that calls
// it, and its help stays within 80 columns.
func TestHelpFitsTheScreen(t *testing.T) {
	for _, c := range commandTable() {
		if c.Short == "" || c.Group == "" || c.Run == nil {
			t.Errorf("%s: summary, group or body is missing", c.Path)
		}
		if strings.HasSuffix(c.Short, ".") || len(c.Short) > 58 {
			t.Errorf("%s: summary is a line of at most 58 without a full stop: %q", c.Path, c.Short)
		}
		if !strings.Contains(c.Examples, "gateway "+c.Path) {
			t.Errorf("%s: no example calls it", c.Path)
		}
		if (c.Args == "") != (c.MaxArgs == 0) {
			t.Errorf("%s: arguments %q, at most %d", c.Path, c.Args, c.MaxArgs)
		}
		for line := range strings.Lines(c.Help(80)) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
				t.Errorf("%s: %d columns: %s", c.Path, n, line)
			}
			if strings.Contains(line, "\t") {
				t.Errorf("%s: a tab in %q", c.Path, line)
			}
		}
	}
}

// TestReference: docs/cli.md is what the command table says.
func TestReference(t *testing.T) {
	const file = "../../docs/cli.md"
	want := config.Reference(commandTable())
	if *update {
		if err := os.MkdirAll("../../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is out of date; run `go test ./cmd/gateway -run TestReference -update` (-table +file):\n%s", file, diff)
	}
}
