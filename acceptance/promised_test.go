package acceptance

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"backstop/spec"
)

var (
	promiseForm = regexp.MustCompile(`(?m)^(\d+)\. `)
	heldForm    = regexp.MustCompile(`(?m)^\| P(\d+) \|[^|]*\| (Test\w+)`)
)

// TestEveryPromiseIsHeld: what the rules of engagement say that always holds has, point
// by point, a test of this package in ARCHITECTURE.md, which is there.
func TestEveryPromiseIsHeld(t *testing.T) {
	src, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, chapter, _ := strings.Cut(spec.ROE(), "\n## What always holds\n")
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	points, held := promiseForm.FindAllStringSubmatch(chapter, -1), heldForm.FindAllStringSubmatch(string(src), -1)
	if len(points) < 9 || len(points) != len(held) {
		t.Fatalf("%d points are promised, %d rows hold them", len(points), len(held))
	}
	tests := testsHere(t)
	for i, p := range points {
		if want := strconv.Itoa(i + 1); p[1] != want || held[i][1] != want || !tests[held[i][2]] {
			t.Errorf("point %s, row %s: %s is not there", p[1], held[i][1], held[i][2])
		}
	}
}
