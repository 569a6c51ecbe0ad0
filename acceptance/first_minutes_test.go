package acceptance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// triesMax is how often the client is asked for what the page shows: the first price
// may be still to come, and an order is not held if a newer one is there already, or
// not dealt if that has left it.
const triesMax = 40

// firstMinutes are the blocks of that chapter of docs/connect.md: what the desk
// does, what the bundled client does, what an engine says.
func firstMinutes(t *testing.T) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/connect.md")
	if err != nil {
		t.Fatal(err)
	}
	_, chapter, found := strings.Cut(string(text), "## The first five minutes\n")
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	for i, part := range strings.Split(chapter, "```\n") {
		if i%2 == 1 {
			blocks = append(blocks, part)
		}
	}
	if !found || len(blocks) != 3 {
		t.Fatalf("the chapter has %d blocks, want 3", len(blocks))
	}
	return blocks
}

// TestFirstMinutes runs the commands of the page as they stand there, with the
// address of the gateway in the place of the desk's. What they print is what the
// page shows, but for numbers, times and ids.
func TestFirstMinutes(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	blocks := firstMinutes(t)
	g, dir := packVenue(t, false)
	binary, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"))
	var before []string // What stays in force from one command to the next.
	ran := 0
	for _, step := range strings.Split("\n"+blocks[0]+blocks[1], "\n$ ")[1:] {
		command, shown, _ := strings.Cut(step, "\n")
		if strings.HasPrefix(command, "cd ") || strings.HasPrefix(command, "export ") {
			before = append(before, command+" && ")
			continue
		}
		ran++
		said := ""
		for range triesMax {
			cmd := exec.CommandContext(ctx, "sh", "-c", strings.Join(before, "")+strings.ReplaceAll(command, "fix.desk.example:9878", g.FIX))
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatalf("%s: %v", command, err)
			}
			if said = string(out); shape(said) == shape(shown) || !strings.HasPrefix(command, "gateway client ") {
				break
			}
		}
		if shape(said) != shape(shown) {
			t.Errorf("%s\nprints\n%s\nthe page shows\n%s", command, said, shown)
		}
	}
	if ran != 5 {
		t.Errorf("the page has %d commands, want 5", ran)
	}
}

var (
	newIDs  = regexp.MustCompile(`=[QCP]dn[a-z0-9]+`)
	anyRun  = regexp.MustCompile(`[-0-9][-0-9.:]*`)
	outcome = regexp.MustCompile(`LAST_LOOK_(ACCEPTED|IMPROVED|CURRENT)`)
)

// shape is an output without what differs from run to run. Tags stay.
func shape(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		words := strings.Fields(outcome.ReplaceAllString(newIDs.ReplaceAllString(line, "=ID"), "LAST_LOOK"))
		for i, word := range words {
			if tag, value, found := strings.Cut(word, "="); found {
				words[i] = tag + "=" + anyRun.ReplaceAllString(value, "#")
			} else if i > 0 {
				words[i] = anyRun.ReplaceAllString(word, "#")
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// TestFirstMinutesOwnEngine: the C++ engine with the settings of the pack as they
// are says what the page has `you` say, and hears what it has us say.
func TestFirstMinutesOwnEngine(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	lines := strings.Split(strings.TrimSpace(firstMinutes(t)[2]), "\n")
	order := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "you 35=R|") })
	asked := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "you 35=AN|") })
	if order != 2 || asked < 0 || len(lines) != asked+4 {
		t.Fatalf("the page has the steps at %d and %d of %d", order, asked, len(lines))
	}
	binary := cppBinary(t, "relay")
	if binary == "" {
		t.Skip("without the C++ client: libquickfix-dev is not installed")
	}
	pack := packOf(t, "STRICT44", false)
	c := startStockClient(ctx, t, binary, pack, "quickfix-cpp.cfg", filepath.Join(pack, "FIX44.xml"), "ACME", "demo-pass-9")
	e := &exchange{stockClient: c, now: map[string]string{}}
	c.up(strings.Split(strings.TrimPrefix(lines[1], "we  "), "|")...)
	if sent := c.said[0]; !has(Parse(sent), strings.Split(strings.TrimPrefix(lines[0], "you "), "|")) {
		t.Errorf("the engine logs on with %s, the page shows %s", sent, lines[0])
	}
	// The first prices may be still to come.
	c.say("35=V|262=M|263=1|264=1|265=0|267=1|269=0|146=1|55=BTC-PERP")
	c.until("35=W", "290=1")
	for try := 1; !e.play(lines[order:asked], try); try++ {
		if try == triesMax {
			t.Fatalf("no order of %d went as the page shows; the last reason: %s", try, e.why)
		}
	}
	if !e.play(lines[asked:asked+2], 1) {
		t.Fatal(e.why)
	}
	if !dec(e.now["704"]).Equal(e.filled) || dec(e.now["31"]).GreaterThan(dec(e.now["133"])) {
		t.Errorf("a position of %s after fills of %s; bought at %s of a quote of %s", e.now["704"], e.filled, e.now["31"], e.now["133"])
	}
	c.logout()
}

// exchange plays what the page shows.
type exchange struct {
	*stockClient
	now    map[string]string // what this run has in the place of what the page shows, by tag
	filled decimal.Decimal
	why    string // the last try went another way
}

// ofTheRun are tags whose values the page cannot know.
var ofTheRun = []string{"117", "132", "133", "31", "62", "704"}

// play has one side say its lines and waits for those of the other. It is false if
// an order went another way than the page shows.
func (e *exchange) play(lines []string, try int) bool {
	e.t.Helper()
	for _, line := range lines {
		message := strings.TrimSpace(line[4:])
		message = strings.NewReplacer("=Q-1", fmt.Sprint("=Q-", try), "=A-1", fmt.Sprint("=A-", try)).Replace(message)
		fields := Parse(message)
		if strings.HasPrefix(line, "you ") {
			for i, field := range fields {
				switch tag, _, _ := strings.Cut(field, "="); tag {
				case "60":
					fields[i] = "60=" + Now()
				case "715":
					fields[i] = "715=" + Now()[:8]
				case "117":
					fields[i] = "117=" + e.now["117"]
				}
			}
			e.say(fields.String())
		} else if !e.hears(fields) {
			return false
		}
	}
	return true
}

// hears reads the next message that may be this one, and keeps what is of the run.
func (e *exchange) hears(want Fields) bool {
	e.t.Helper()
	f := e.next()
	for f != nil && f.Get(35) != want.Get(35) && slices.Contains(passing, f.Get(35)) {
		f = e.next()
	}
	if f == nil {
		e.t.Fatalf("the session ended before %s", want)
	}
	if f.Get(150) == "F" {
		e.filled = e.filled.Add(dec(f.Get(32)))
	}
	for _, field := range want {
		tag, _, _ := strings.Cut(field, "=")
		i := slices.IndexFunc(f, func(of string) bool { return strings.HasPrefix(of, tag+"=") })
		if i >= 0 && slices.Contains(ofTheRun, tag) {
			_, e.now[tag], _ = strings.Cut(f[i], "=")
			continue
		}
		if !slices.Contains(f, field) {
			e.why = fmt.Sprintf("%s is not %s", f, field)
			if f.Get(35) != "8" || i < 0 {
				e.t.Fatal(e.why)
			}
			for !strings.Contains("2 4 8", f.Get(39)) { // To the end of this order.
				f = e.until("35=8", "11="+want.Get(11))
				if f.Get(150) == "F" {
					e.filled = e.filled.Add(dec(f.Get(32)))
				}
			}
			return false
		}
	}
	return true
}
