package acceptance

import (
	"path/filepath"
	"slices"
	"testing"

	"backstop/certify"
)

// TestFairLastLook: where the price goes up as often as down, orders on quotes that
// it moved for are refused by rule alone and the same on both sides (C34). The
// thousand probes of docs/certify.md take a minute; these are sixty.
func TestFairLastLook(t *testing.T) {
	t.Parallel()
	g := startGateway(t, "demo", "--cert", "--fix", "127.0.0.1:0", "--http", "127.0.0.1:0")
	for range 3 { // On a machine that is late with its prices some quotes are not given.
		out := filepath.Join(t.TempDir(), "fair")
		text, talk, code, err := Run(t.Context(), "certify", "run", "--against", g.FIX, "--symbol", "CERT-JUMP", "--size", "1",
			"--only", "c34", "--repeat", "6", "--out", out)
		if err != nil || code != 0 && code != 7 {
			t.Fatalf("certify run ended with %d, %v\n%s%s", code, err, text, talk)
		}
		f := lastLookFinding(t, reportIn(t, out))
		if f.Verdict == certify.Failed {
			t.Fatalf("C34 is %s: %s %v", f.Verdict, f.Why, f.Evidence)
		}
		if f.Verdict == certify.Passed {
			return
		}
		t.Logf("C34 is %s: %s\n%s", f.Verdict, f.Why, text)
	}
	t.Error("C34 was never passed")
}

// lastLookFinding is what a report says of C34.
func lastLookFinding(t *testing.T, r certify.Report) certify.Finding {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f certify.Finding) bool { return f.Check.ID == "C34" })
	if i < 0 {
		t.Fatal("the report has no C34")
	}
	return r.Findings[i]
}
