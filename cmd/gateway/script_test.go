package main

import (
	"bytes"
	"errors"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"backstop/store"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite expected output; commit only what you understand")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gateway": main})
}

// TestScripts runs testdata/script: the binary as a user calls it, with what it
// prints and how it ends.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "wide": wide, "ready": ready, "tamper": tamper, "dayofrows": writeDay,
			"until": until, "eventually": eventually,
			"certs": certs, "modes": modes, "nowhere": nowhere,
		},
	})
}

// exits runs a command and compares its exit code: exits 2 gateway nonsense.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGS]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	var ended *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &ended) {
		code = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// until runs a command until its output matches, ten times at most: until REGEXP
// COMMAND [ARGS]. An order that meets a price which is already newer is not held,
// and nobody can tell beforehand. {TRY} in an argument and $TRY afterwards are the
// number of the try.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND [ARGS]")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for try := range 10 {
		ts.Setenv("TRY", strconv.Itoa(try))
		with := slices.Clone(args[2:])
		for i := range with {
			with[i] = strings.ReplaceAll(with[i], "{TRY}", strconv.Itoa(try))
		}
		ts.Check(ts.Exec(args[1], with...))
		if want.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("no output matches %q", args[0])
}

// eventually runs a command until its output matches: what time alone brings about,
// such as prices that open a market, on a fast machine and on a busy one.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually REGEXP COMMAND [ARGS]")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for end := time.After(readyMax); ; {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-look.C:
		case <-end:
			ts.Fatalf("no output matches %q within %s", args[0], readyMax)
		}
	}
}

// writeDay makes a data directory with the rows of a day: dayofrows DIR.
func writeDay(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: dayofrows DIR")
	}
	s, err := store.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(errors.Join(s.Commit(dayOfRows()), s.Close()))
}

// tamper changes bytes of a file behind everyone's back: tamper FILE OLD NEW.
func tamper(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || len(args[1]) != len(args[2]) {
		ts.Fatalf("usage: tamper FILE OLD NEW, with OLD and NEW of one length")
	}
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(b, []byte(args[1])) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, bytes.ReplaceAll(b, []byte(args[1]), []byte(args[2])), 0o600))
}

// ready returns once the gateway that writes this ports file quotes: ready FILE.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready PORTSFILE")
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	end := time.After(readyMax)
	for {
		if p, err := readPorts(ts.MkAbs(args[0])); err == nil && quotes(p) {
			return
		}
		select {
		case <-look.C:
		case <-end:
			ts.Fatalf("the gateway of %s is not ready after %s", args[0], readyMax)
		}
	}
}

// quotes tells whether the gateway says that it is ready.
func quotes(p ports) bool {
	answer, err := http.Get("http://" + p.HTTP + "/readyz")
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// readyMax is how long a gateway may take to be ready on a busy machine.
const readyMax = 30 * time.Second

// wide fails if a line of the file has more columns than allowed: wide 80 stdout.
func wide(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: wide COLUMNS FILE")
	}
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > most {
			ts.Fatalf("%d columns: %s", n, line)
		}
	}
}
