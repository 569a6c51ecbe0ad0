package acceptance

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"backstop/certify"
)

// engineCannot are checks that an engine which does everything right cannot pass
// by itself, each with the reason.
var engineCannot = map[string]string{
	"C03": "no message is lost on the way to it",
	"C04": "no message of it is lost",
	"C19": "no order is refused by last look in CERT-FILL",
}

// TestReadmeCertifiesAnEngine runs the commands of acceptance/README.md as they
// stand there, but for the folder and the port.
func TestReadmeCertifiesAnEngine(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if cppBinary(t, "relay") == "" {
		t.Skip("without the C++ client: libquickfix-dev is not installed")
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir, here, ran := t.TempDir(), "..", 0
	var g *Gateway
	for _, line := range strings.Split(string(text), "\n") {
		command, is := strings.CutPrefix(line, "$ ")
		if !is {
			continue
		}
		ran++
		switch {
		case command == "cd certified":
			here = dir
			continue
		case strings.HasPrefix(command, "certified/gateway "):
			g = startGateway(t, append(strings.Fields(command)[1:], "--fix", "127.0.0.1:0", "--http", "127.0.0.1:0")...)
			portOf(t, filepath.Join(dir, "client.cfg"), g)
			continue
		}
		command = strings.ReplaceAll(strings.ReplaceAll(command, "certified", dir), "../acceptance", mustWork(t))
		cmd := exec.CommandContext(ctx, "sh", "-c", command)
		cmd.Dir = here
		out, err := cmd.CombinedOutput()
		if exit := cmd.ProcessState; err != nil && (g == nil || exit == nil || exit.ExitCode() != 7) {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	if ran != 7 {
		t.Errorf("%d commands, want 7", ran)
	}
	b, err := os.ReadFile(filepath.Join(dir, "report", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r certify.Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		want := certify.Passed
		if engineCannot[f.Check.ID] != "" {
			want = certify.NotObserved
		}
		if f.Verdict != want && !slices.Contains([]string{"C18"}, f.Check.ID) {
			t.Errorf("%s is %s, want %s: %s %v", f.Check.ID, f.Verdict, want, f.Why, f.Evidence)
		}
	}
}

// portOf puts the address of the gateway into the settings of the client.
func portOf(t *testing.T, file string, g *Gateway) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(g.FIX, ":")
	if err := os.WriteFile(file, []byte(strings.Replace(string(b), "ConnectPort=9878", "ConnectPort="+port, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustWork(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
