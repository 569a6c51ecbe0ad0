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

// TestReportOpensOffline: a browser without a network shows every check of a
// report, and the page asks for nothing.
func TestReportOpensOffline(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("BACKSTOP_REQUIRE") != "" {
			t.Fatal("needs the Debian package chromium")
		}
		t.Skip("needs the Debian package chromium")
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "day.log")
	said := "8=FIX.4.4|35=A|34=1|49=ACME|52=20260701-10:00:00|56=BACKSTOP|98=0|108=30|10=000|\n" +
		"8=FIX.4.4|35=A|34=1|49=BACKSTOP|52=20260701-10:00:00|56=ACME|98=0|108=30|10=000|\n"
	if err := os.WriteFile(log, []byte(said), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, talk, code, err := Run(t.Context(), "certify", "grade", "--log", log, "--out", dir); err != nil || code != 7 {
		t.Fatalf("certify grade ended with %d, %v, %s", code, err, talk)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	picture := filepath.Join(dir, "report.png")
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
		"--proxy-server=127.0.0.1:1", "--window-size=1000,1400", "--screenshot="+picture, "--dump-dom", "file://"+filepath.Join(dir, "report.html"))
	// Children of the browser may hold its output for a while after its end.
	cmd.WaitDelay = 5 * time.Second
	page, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range certify.Checks() {
		if !strings.Contains(string(page), c.Title) {
			t.Errorf("the page lacks %s %s", c.ID, c.Title)
		}
	}
	if !strings.Contains(string(page), "Not certified") {
		t.Error("the page lacks the verdict")
	}
	if _, err := os.Stat(picture); err != nil {
		t.Error(err)
	}
}
