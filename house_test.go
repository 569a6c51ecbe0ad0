// Package backstop_test holds the checks on the house itself: which room may
// import which, and which standard packages may never enter the pure floors.
package backstop_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "backstop"

// house states, floor by floor, what each room may import: a statement of
// policy. Do not change it to make a build pass; change the import.
var house = map[string][]string{
	"perp":        {},
	"spec":        {},
	"quoting":     {"perp"},
	"risk":        {"perp"},
	"ledger":      {"perp"},
	"engine":      {"perp", "quoting", "risk", "ledger"},
	"config":      {"perp", "quoting", "risk"},
	"fix":         {"perp", "spec"},
	"oracle":      {"perp"},
	"store":       {"perp"},
	"ops":         {"perp"},
	"sim":         {"perp", "quoting", "risk", "ledger", "engine", "store"},
	"certify":     {"spec"},
	"acceptance":  {"spec", "certify"},
	"bench":       {"perp", "engine", "store"},
	"cmd/gateway": {"perp", "bench", "certify", "config", "engine", "fix", "oracle", "ops", "quoting", "risk", "sim", "spec", "store"},
}

// keys names, for each module from outside, the rooms that hold a key to it.
var keys = map[string][]string{
	"github.com/quickfixgo/":              {"fix", "acceptance", "bench"},
	"github.com/shopspring/decimal":       {"perp", "config", "fix", "oracle", "ops", "acceptance"},
	"github.com/mattn/go-sqlite3":         {"store", "bench"},
	"github.com/spf13/pflag":              {"config"},
	"golang.org/x/crypto":                 {"config"},
	"github.com/pelletier/go-toml":        {"config"},
	"github.com/holiman/uint256":          {"quoting"},
	"github.com/prometheus/client_golang": {"ops"},
	"github.com/tmaxmax/go-sse":           {"ops", "oracle"},
}

// pure names the rooms where the same input must always give the same output,
// and impure the standard packages that would break that.
var (
	pure   = []string{"perp", "quoting", "risk", "ledger", "engine"}
	impure = []string{"os", "net", "net/http", "database/sql", "log", "log/slog", "math/rand", "math/rand/v2", "context", "sync", "unsafe"}
)

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestHouse(t *testing.T) {
	for _, p := range packages(t) {
		room, inside := strings.CutPrefix(p.ImportPath, module+"/")
		if !inside {
			continue // The root holds only this test.
		}
		allowed, known := house[room]
		if !known {
			t.Errorf("%s: no such room in the house plan; add it there and in ARCHITECTURE.md first", room)
			continue
		}
		for _, imp := range p.Imports {
			checkImport(t, room, imp, allowed)
		}
	}
}

func checkImport(t *testing.T, room, imp string, allowed []string) {
	t.Helper()
	if slices.Contains(pure, room) && slices.Contains(impure, imp) {
		t.Errorf("%s imports %q: the pure floors have no door to the outside", room, imp)
	}
	if to, ours := strings.CutPrefix(imp, module+"/"); ours && !slices.Contains(allowed, to) {
		t.Errorf("%s imports %s: the house plan has no such door", room, to)
	}
	for mod, rooms := range keys {
		if strings.HasPrefix(imp, mod) && !slices.Contains(rooms, room) {
			t.Errorf("%s imports %s: only %v hold that key", room, imp, rooms)
		}
	}
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
