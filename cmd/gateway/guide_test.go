package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"backstop/config"
	"backstop/fix"
)

const guidedLine = "8=FIX.4.4\x019=60\x0135=%s\x0134=1\x0149=%s\x0152=20260701-10:00:00.000\x0156=%s\x0198=0\x01108=30\x0110=000\x01"

func guidedMessage(kind, from, to string) []byte {
	return []byte(strings.NewReplacer("35=%s", "35="+kind, "49=%s", "49="+from, "56=%s", "56="+to).Replace(guidedLine))
}

// guidesOf opens the guides of one session on a directory.
func guidesOf(t *testing.T, dir string) *guides {
	t.Helper()
	cfg := &config.Config{Sessions: []config.Session{{CompID: "ACME", OurCompID: "US", Guided: true}, {CompID: "OTHER", OurCompID: "US"}}}
	cfg.Server.DataDir = dir
	g, err := newGuides(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.close() }) // Again, for some: that it is closed already is no news.
	return g
}

// TestGuidesKeepTheirWord: what could not be said waits; whoever comes in is told
// how all stands, also after a crash in the middle of a line; nobody else is.
func TestGuidesKeepTheirWord(t *testing.T) {
	dir := t.TempDir()
	g := guidesOf(t, dir)
	var told []string
	here := false
	g.tell = func(session, headline string, lines []string, _ time.Time) bool {
		if !here {
			return false
		}
		told = append(told, session+" "+headline)
		told = append(told, lines...)
		return true
	}
	now := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
	g.overhear("OTHER", now, guidedMessage("A", "OTHER", "US"))
	g.overhear("ACME", now, guidedMessage("A", "ACME", "US"))
	g.overhear("ACME", now, guidedMessage("A", "US", "ACME"))
	if !g.look(g.all[0]) || len(told) > 0 {
		t.Fatalf("said %q to somebody who is away", told)
	}
	here = true
	if g.look(g.all[0]) || len(told) < 4 || told[0] != "ACME PASSED 0" || !strings.HasPrefix(told[3], "OPEN C01 ") {
		t.Fatalf("said %q", told)
	}
	if told = nil; g.look(g.all[0]) || told != nil {
		t.Errorf("said again %q", told)
	}
	if err := g.close(); err != nil {
		t.Fatal(err)
	}
	path := guidedLog(dir, "ACME")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("20260701-10:00:01.000000 : 8=FIX.4.4\x019=60\x0135=8"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again := guidesOf(t, dir)
	again.tell = g.tell
	if again.look(again.all[0]) || told != nil {
		t.Errorf("said %q before anybody came", told)
	}
	again.overhear("ACME", now, guidedMessage("A", "US", "ACME"))
	if again.look(again.all[0]) || !slices.ContainsFunc(told, func(l string) bool { return strings.HasPrefix(l, "OPEN C01 ") }) {
		t.Errorf("said %q after the crash", told)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines != 4 || again.all[0].lines != 4 || again.all[0].bytes != int64(len(text)) {
		t.Errorf("%d lines of %d bytes, counted %d and %d", lines, len(text), again.all[0].lines, again.all[0].bytes)
	}
	if left, err := filepath.Glob(filepath.Join(dir, guidedDir, "*")); err != nil || len(left) != 1 {
		t.Errorf("logs %v, %v", left, err)
	}
}

// TestGuidesSayItAll: what is too much for one News comes with the next.
func TestGuidesSayItAll(t *testing.T) {
	g := guidesOf(t, t.TempDir())
	one := g.all[0]
	for i := range fix.GuideLines + 1 {
		one.unsaid = append(one.unsaid, fmt.Sprint("FAILED ", i))
	}
	var told []string
	g.tell = func(_, headline string, lines []string, _ time.Time) bool {
		told = append(told, fmt.Sprint(headline, ": ", len(lines)))
		return true
	}
	first, second := g.look(one), g.look(one)
	if want := []string{fmt.Sprint("FAILED 0: ", fix.GuideLines), fmt.Sprint("FAILED ", fix.GuideLines, ": 1")}; !first || second || !slices.Equal(told, want) {
		t.Errorf("told %q, more %t and %t, want %q", told, first, second, want)
	}
}

// TestGuidedLogIsBounded: a log that is full says so once, and takes no more.
func TestGuidedLogIsBounded(t *testing.T) {
	g := guidesOf(t, t.TempDir())
	one := g.all[0]
	var told []string
	g.tell = func(_, headline string, _ []string, _ time.Time) bool {
		told = append(told, headline)
		return true
	}
	one.bytes = guidedBytesMax
	one.read = one.bytes
	for range 2 {
		g.overhear("ACME", time.Now(), guidedMessage("A", "ACME", "US"))
		g.look(one)
	}
	if !slices.Equal(told, []string{"CLOSED nothing"}) {
		t.Errorf("told %q", told)
	}
	if info, err := one.file.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info.Size(), err)
	}
}
