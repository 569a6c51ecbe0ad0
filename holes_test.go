package backstop_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHolesAreSaid: whatever becomes of govulncheck, the check says it, and only a
// hole that was found ends it.
func TestHolesAreSaid(t *testing.T) {
	for _, c := range []struct {
		name, script, said string
		code               int
	}{
		{"nothing known", "echo No vulnerabilities found.", "holes in dependencies: none known", 0},
		{"a hole", "echo Vulnerability 1: GO-2099-0001; exit 3", "holes in dependencies: FOUND", 1},
		{"out of reach", "echo 'dial tcp: lookup a.b.example: no such host'; exit 1", "NOT CHECKED, govulncheck could not run (exit 1: no such host)", 0},
		{"without a reason", "exit 2", "NOT CHECKED, govulncheck could not run (exit 2: it gives no reason)", 0},
		{"for ever", "exec sleep 60", "NOT CHECKED, govulncheck could not run (exit 124: no answer in 1 s)", 0},
		{"not there", "", "NOT CHECKED, govulncheck could not run (exit 127: ", 0},
	} {
		tool := filepath.Join(t.TempDir(), "govulncheck")
		if c.script != "" {
			if err := os.WriteFile(tool, []byte("#!/bin/sh\n"+c.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		run := exec.Command(".ci/holes", tool, "./...")
		run.Env = append(os.Environ(), "HOLES_WAIT=1")
		out, err := run.CombinedOutput()
		var ended *exec.ExitError
		if err != nil && !errors.As(err, &ended) {
			t.Fatal(err)
		}
		last := strings.TrimSpace(string(out))
		last = last[strings.LastIndex(last, "\n")+1:]
		if run.ProcessState.ExitCode() != c.code || !strings.Contains(last, c.said) || strings.Contains(last, "example") {
			t.Errorf("%s: exit %d, %s", c.name, run.ProcessState.ExitCode(), out)
		}
	}
}
