package backstop_test

import (
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var updateBill = flag.Bool("update-bill", false, "rewrite docs/bill-of-materials.txt; commit only what you have looked at")

const billFile = "docs/bill-of-materials.txt"

// TestBillOfMaterials: what is linked into the binary is what the bill says, each
// module at one exact version with its hash in go.sum, none replaced. A new
// module, or a new version of one, shows as a difference that somebody has to
// commit.
func TestBillOfMaterials(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if .Version}}{{.Path}} {{.Version}}{{end}}{{if .Replace}} replaced{{end}}{{end}}", "./cmd/gateway").Output()
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(modules)
	var bill strings.Builder
	for _, m := range slices.Compact(modules) {
		if m == "" {
			continue
		}
		_, rest, found := strings.Cut("\n"+string(sums), "\n"+m+" ")
		hash, _, _ := strings.Cut(rest, "\n")
		if !found || strings.Contains(m, "replaced") {
			t.Errorf("%s has no hash in go.sum", m)
		}
		bill.WriteString(m + " " + hash + "\n")
	}
	if *updateBill {
		if err := os.WriteFile(billFile, []byte(bill.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(billFile)
	if err != nil {
		t.Fatal(err)
	}
	if bill.String() != string(want) {
		t.Errorf("what is linked differs from %s; look, then: go test . -run Bill -update-bill\n%s", billFile, bill.String())
	}
	if strings.Count(bill.String(), "\n") < 3 {
		t.Error("a bill of next to nothing")
	}
}
