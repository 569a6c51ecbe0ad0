package acceptance

import (
	"testing"

	"backstop/certify"
)

// TestCertifyAccount: on certification markets the reference client shows all that
// is judged of an account: collateral, funding, settlement, a margin call that is
// cured and one that is not, a market that halts. Two clients share the waiting.
func TestCertifyAccount(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 50 s: prices rise and markets halt by the clock")
	}
	t.Parallel() // It waits most of the time.
	g := startGateway(t, "demo", "--cert", "--fix", "127.0.0.1:0", "--http", "127.0.0.1:0")
	for _, r := range []struct {
		sender string
		only   []string
		passes []string
	}{
		{"DEMO1", []string{"c29_account", "c30_account"}, []string{"C29", "C30", "C31", "C33"}},
		{"DEMO2", []string{"c32_account"}, []string{"C32"}},
	} {
		t.Run(r.sender, func(t *testing.T) {
			t.Parallel()
			verdicts := map[string]string{}
			for _, only := range r.only {
				for _, f := range certified(t, g.FIX, r.sender, only).Findings {
					if f.Verdict == certify.Failed {
						t.Errorf("%s: %s fails: %s %v", only, f.Check.ID, f.Why, f.Evidence)
					}
					if verdicts[f.Check.ID] != certify.Passed {
						verdicts[f.Check.ID] = f.Verdict
					}
				}
			}
			for _, id := range r.passes {
				if verdicts[id] != certify.Passed {
					t.Errorf("%s is %s", id, verdicts[id])
				}
			}
		})
	}
}

// certified is the report of a run of the reference client.
func certified(t *testing.T, addr, sender, only string) certify.Report {
	t.Helper()
	out := t.TempDir()
	text, talk, code, err := Run(t.Context(), "certify", "run", "--against", addr, "--sender", sender, "--only", only,
		"--symbol", "CERT-FILL", "--size", "1", "--away", "3", "--out", out)
	if err != nil || code != 0 {
		t.Fatalf("%s ended with %d, %v\n%s%s", only, code, err, text, talk)
	}
	return reportIn(t, out)
}
