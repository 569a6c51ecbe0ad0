package sim

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"backstop/engine"
	"backstop/perp"
)

// replayer is set in the process that only replays.
const replayer = "BACKSTOP_REPLAYER"

// journalLine is a command of a run on its way to the other process. One without a
// kind ends the run and asks for the hash.
type journalLine struct {
	Seq     int64
	Time    perp.Time
	Kind    string
	Payload []byte
}

// TestSameStateInAnotherProcess: A16. Runs of many seeds, each replayed from its
// journal by another process, end in the same state. It prints one hash over all
// of them, so that two builds can be compared. BACKSTOP_SEEDS and BACKSTOP_STEPS
// ask for more.
func TestSameStateInAnotherProcess(t *testing.T) {
	if os.Getenv(replayer) != "" {
		replayAll(t, os.Stdin, os.Stdout)
		return
	}
	seeds, steps := setting(t, "BACKSTOP_SEEDS", 20, 100), setting(t, "BACKSTOP_STEPS", 500, 500)
	child := exec.Command(os.Args[0], "-test.run=^TestSameStateInAnotherProcess$", "-test.timeout=0")
	child.Env = append(os.Environ(), replayer+"=1")
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines, all, commands := json.NewEncoder(in), sha256.New(), 0
	said := bufio.NewScanner(out)
	for seed := range seeds {
		r, err := Run(uint64(seed), steps)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range r.Journal {
			if err := lines.Encode(journalLine{e.Seq, e.Time, e.Kind, e.Payload}); err != nil {
				t.Fatal(err)
			}
		}
		if err := lines.Encode(journalLine{}); err != nil {
			t.Fatal(err)
		}
		if !said.Scan() || strings.TrimSpace(said.Text()) != r.Hash {
			t.Fatalf("seed %d: %q in the other process, %s here", seed, said.Text(), r.Hash)
		}
		fmt.Fprintln(all, r.Hash)
		commands += r.Commands
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Error(err)
	}
	if err := child.Wait(); err != nil {
		t.Errorf("%v: %s", err, rest)
	}
	t.Logf("%d seeds of %d steps, %d commands, %s, GOMAXPROCS %d: hash %x", seeds, steps, commands, runtime.Version(), runtime.GOMAXPROCS(0), all.Sum(nil))
}

// replayAll applies each journal that comes and says the hash of the state after it.
func replayAll(t *testing.T, in io.Reader, out io.Writer) {
	lines, e := json.NewDecoder(in), engine.New()
	for {
		var l journalLine
		err := lines.Decode(&l)
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if l.Kind == "" {
			if _, err := fmt.Fprintln(out, e.StateHash()); err != nil {
				t.Fatal(err)
			}
			e = engine.New()
			continue
		}
		c, err := engine.Decode(l.Kind, l.Payload)
		if err != nil {
			t.Fatal(err)
		}
		e.Apply(c, l.Seq, l.Time)
	}
}
