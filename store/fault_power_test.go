//go:build faults

package store

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// traced is a child's whole life as changes of the disk.
type traced struct{ trace, base string }

// record lets a child work on a disk that keeps a trace.
func record(t *testing.T, root, name string, from int, env ...string) traced {
	t.Helper()
	dir, err := begin(root, name, from)
	if err != nil {
		t.Fatal(err)
	}
	tr := traced{trace: filepath.Join(root, name+".trace"), base: filepath.Join(root, name+".base")}
	if err := os.CopyFS(tr.base, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	f, err := runFault(dir, from, "none:0", append(env, "BACKSTOP_SHIM_TRACE="+tr.trace, childTrace+"="+tr.trace)...)
	if err != nil || f.code != 0 || f.acknowledged != from+faultBatches {
		t.Fatalf("a child without faults: %+v, %v", f, err)
	}
	return tr
}

// powerCut makes one image of the disk, at any moment of the trace, and judges it.
func (tr traced) powerCut(dir, mode string, seed uint64, from int) (acknowledged int, err error) {
	tool, err := image()
	if err != nil {
		return 0, err
	}
	if err := os.Mkdir(dir, dirMode); err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	out, err := exec.Command(tool, tr.trace, tr.base, dir, mode, strconv.FormatUint(seed, 10), "-1").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	if acknowledged, err = strconv.Atoi(strings.TrimSpace(string(out))); err != nil {
		return 0, err
	}
	return acknowledged, judge(dir, max(acknowledged, from))
}

var powerModes = []string{"drop", "subset", "torn"}

// TestFaultPowerCut (A5): the power goes at any moment. What was synced is there,
// of the rest nothing, some, or some of it torn into sectors. Nothing acknowledged
// is lost and nothing is damaged.
func TestFaultPowerCut(t *testing.T) {
	root := scratch(t)
	for _, from := range []int{0, faultBefore} {
		t.Run(fmt.Sprintf("after %d batches", from), func(t *testing.T) {
			t.Parallel()
			tr := record(t, root, strconv.Itoa(from), from)
			some := 0
			for i := range *faultImages / 2 {
				seed, mode := *faultSeed*1_000_000+uint64(i), powerModes[i%len(powerModes)]
				acknowledged, err := tr.powerCut(filepath.Join(root, fmt.Sprintf("%d-%d", from, i)), mode, seed, from)
				if err != nil {
					t.Errorf("seed %d, %s, %d batches acknowledged: %v", seed, mode, acknowledged, err)
				}
				if acknowledged > from {
					some++
				}
			}
			t.Logf("%d images, %d of them with acknowledged batches: nothing lost, nothing damaged", *faultImages/2, some)
			if some == 0 {
				t.Error("no image was after an acknowledged batch: the test is blind")
			}
		})
	}
}

// TestFaultPowerCutSees: with synchronous=NORMAL, which does not sync each commit,
// the same power cuts lose acknowledged batches, and the test says so.
func TestFaultPowerCutSees(t *testing.T) {
	root, lost, images := scratch(t), 0, 20
	tr := record(t, root, "normal", faultBefore, childNormal+"=1")
	for i := range images {
		_, err := tr.powerCut(filepath.Join(root, strconv.Itoa(i)), powerModes[i%len(powerModes)], uint64(i), faultBefore)
		if err != nil && strings.Contains(err.Error(), "acknowledged batches") {
			lost++
		}
	}
	t.Logf("%d of %d images have lost what was acknowledged", lost, images)
	if lost < images/5 {
		t.Error("the power cuts do not see a commit that is not synced")
	}
}
