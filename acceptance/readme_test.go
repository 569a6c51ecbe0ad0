package acceptance

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"backstop/certify"
)

// TestReadmeCertifiesAnEngine runs the commands of acceptance/README.md as they
// stand there, but for the folder and the port.
func TestReadmeCertifiesAnEngine(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute and a half: funding and a margin call have to come")
	}
	t.Parallel() // It waits most of the time.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if cppBinary(t, "relay") == "" {
		t.Skip("without the C++ client: libquickfix-dev is not installed")
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir, here, last, ran := t.TempDir(), "..", "", 0
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
		notObserved := strings.Contains(command, "certify run")
		if exit := cmd.ProcessState; err != nil && (!notObserved || exit == nil || exit.ExitCode() != 7) {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		last = string(out)
	}
	if ran != 9 {
		t.Errorf("%d commands, want 9", ran)
	}
	if !strings.Contains(last, "is what the log says") {
		t.Errorf("the last command says %q", last)
	}
	r := reportIn(t, filepath.Join(dir, "certificate"))
	for _, f := range r.Findings {
		if f.Check.Mandatory && f.Verdict != certify.Passed && f.Verdict != certify.NotApplicable {
			t.Errorf("%s is %s: %s %v", f.Check.ID, f.Verdict, f.Why, f.Evidence)
		}
	}
	if !r.Certified {
		t.Error("not certified")
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
