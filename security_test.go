package backstop_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// securityRows are the rows that docs/security.md has to have.
var securityRows = []string{
	"A15", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11", "C12", "C13", "C14", "C15", "C16",
}

// TestSecurityTable: every row is there, and every test that the table names is
// in the room that it names. A row without a test says in words what is missing.
func TestSecurityTable(t *testing.T) {
	page, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsByRoom(t)
	named := regexp.MustCompile("`([a-z/]*)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`")
	seen := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 {
			continue
		}
		row := strings.TrimSpace(cells[1])
		found := named.FindAllStringSubmatch(line, -1)
		for _, f := range found {
			if f[1] == "" {
				f[1] = "." // the root
			}
			if !tests[f[1]+"."+f[2]] {
				t.Errorf("row %s: there is no test %s in %s", row, f[2], f[1])
			}
		}
		if len(found) > 0 || strings.Contains(line, "not built") {
			seen[row] = true
		}
	}
	for _, row := range securityRows {
		if !seen[row] {
			t.Errorf("row %s names no test, and does not say that it is not built", row)
		}
	}
}

// testsByRoom finds all tests of the tree as room.Name.
func testsByRoom(t *testing.T) map[string]bool {
	all := map[string]bool{}
	name := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		for _, f := range name.FindAllStringSubmatch(string(src), -1) {
			all[filepath.ToSlash(filepath.Dir(path))+"."+f[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
