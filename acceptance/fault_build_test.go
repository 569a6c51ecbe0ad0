//go:build faults

package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// The product holds no test code. A comment `// crash point NAME` marks a window in
// which it may die; the fault build turns it, with an overlay, into a call that
// kills the process at the n-th pass of the point that CrashVariable names. `if
// COND` counts only such passes; `: STATEMENT` is done right before the death. A
// comment `// crash delay NAME` makes a narrow window of another place wide.
var crashComment = regexp.MustCompile(`(?m)^(\s*)// crash point ([a-z0-9-]+)(?: if (.+)|: (.+))?$`)

var packageClause = regexp.MustCompile(`(?m)^package (\w+)`)

var delayComment = regexp.MustCompile(`(?m)^(\s*)// crash delay ([a-z0-9-]+)$`)

// crashVariable names a point and a pass: "after-commit:20".
const crashVariable = "BACKSTOP_CRASH"

// crashSource is added to every package with a point.
const crashSource = `package %s

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

var crashName, crashPass = func() (string, int64) {
	name, pass, _ := strings.Cut(os.Getenv("` + crashVariable + `"), ":")
	n, _ := strconv.ParseInt(pass, 10, 64)
	return name, n
}()

var crashCount atomic.Int64

func crashNow(name string) bool { return name == crashName && crashCount.Add(1) == crashPass }

func crashDelay(name string) {
	if name == crashName {
		time.Sleep(20 * time.Millisecond)
	}
}

func crashDie() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
`

// sideBySide is how many worlds die at once: each needs a processor.
const sideBySide = 2

// mutant is a wrong done to the product on purpose: a harness that does not see
// it is blind. An edit that no longer applies fails the build.
type mutant struct {
	name, why string
	edits     []edit
}

type edit struct{ file, old, new string }

// faultBinary builds the gateway with its crash points and a mutant's edits, once
// for each mutant; the zero mutant is the product.
func faultBinary(t testing.TB, m mutant) string {
	t.Helper()
	faultBuilds.Lock()
	defer faultBuilds.Unlock()
	if bin := faultBuilds.done[m.name]; bin != "" {
		return bin
	}
	bin, err := faultBuild(m)
	if err != nil {
		t.Fatalf("building %q: %v", m.name, err)
	}
	faultBuilds.done[m.name] = bin
	return bin
}

var faultBuilds = struct {
	sync.Mutex
	done map[string]string
}{done: map[string]string{}}

func faultBuild(m mutant) (string, error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(scratch, "faults-*")
	if err != nil {
		return "", err
	}
	overlay, err := crashOverlay(root, dir)
	if err != nil {
		return "", err
	}
	for _, e := range m.edits {
		if err := overlay.edit(filepath.Join(root, e.file), e.old, e.new); err != nil {
			return "", fmt.Errorf("mutant %q no longer applies: %w", m.name, err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": overlay.replace})
	if err != nil {
		return "", err
	}
	file, bin := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "gateway")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-overlay", file, "-ldflags=-s -w", "-o", bin, "backstop/cmd/gateway").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
}

// overlayOf maps files of the source to those that stand in for them.
type overlayOf struct {
	dir     string
	replace map[string]string
	points  []string
}

// crashOverlay finds the crash points of the product.
func crashOverlay(root, dir string) (*overlayOf, error) {
	o := &overlayOf{dir: dir, replace: map[string]string{}}
	for _, room := range []string{"fix", "store", "cmd/gateway"} {
		files, err := filepath.Glob(filepath.Join(root, room, "*.go"))
		if err != nil {
			return nil, err
		}
		name := ""
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			if strings.HasSuffix(file, "_test.go") || !crashComment.Match(src) {
				continue
			}
			name = packageClause.FindStringSubmatch(string(src))[1]
			if err := o.put(file, o.armed(string(src))); err != nil {
				return nil, err
			}
		}
		if name != "" {
			if err := o.put(filepath.Join(root, room, "crash_points.go"), fmt.Sprintf(crashSource, name)); err != nil {
				return nil, err
			}
		}
	}
	return o, nil
}

// armed turns each marker into one line of code.
func (o *overlayOf) armed(src string) string {
	src = delayComment.ReplaceAllString(src, `${1}crashDelay("$2")`)
	return crashComment.ReplaceAllStringFunc(src, func(line string) string {
		p := crashComment.FindStringSubmatch(line)
		o.points = append(o.points, p[2])
		cond, first := fmt.Sprintf("crashNow(%q)", p[2]), ""
		if p[3] != "" {
			cond = "(" + p[3] + ") && " + cond
		}
		if p[4] != "" {
			first = p[4] + "; "
		}
		return p[1] + "if " + cond + " { " + first + "crashDie() }"
	})
}

func (o *overlayOf) put(file, text string) error {
	to := filepath.Join(o.dir, fmt.Sprintf("%d-%s", len(o.replace), filepath.Base(file)))
	o.replace[file] = to
	return os.WriteFile(to, []byte(text), 0o600)
}

// edit changes one place of a file; there must be exactly one.
func (o *overlayOf) edit(file, old, new string) error {
	from := file
	if to := o.replace[file]; to != "" {
		from = to
	}
	src, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if n := strings.Count(string(src), old); n != 1 {
		return fmt.Errorf("%s: %d places with %q", file, n, old)
	}
	return o.put(file, strings.Replace(string(src), old, new, 1))
}

func mustAbs(t testing.TB, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
