package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata; commit only what you understand")

// TestEveryFaultIsReported runs testdata/faults.txt: each case edits base.toml
// and shows what Parse says about it, word for word.
func TestEveryFaultIsReported(t *testing.T) {
	const file = "testdata/faults.txt"
	base := read(t, "testdata/base.toml")
	if _, err := Parse("base.toml", []byte(base)); err != nil {
		t.Fatalf("the base of all cases is at fault: %v", err)
	}
	var rewritten strings.Builder
	for text := range strings.SplitSeq(read(t, file), "\n====\n") {
		edits, want, _ := strings.Cut(text+"\n", "----\n")
		want = strings.TrimRight(want, "\n") + "\n"
		got := "accepted\n"
		c, err := Parse("gateway.toml", []byte(edited(t, base, edits)))
		if err != nil {
			got = err.Error() + "\n"
		} else if len(c.Warnings) > 0 {
			got = fmt.Sprintf("accepted; warning: %s\n", c.Warnings[0].What)
		}
		if diff := cmp.Diff(want, got); diff != "" && !*update {
			t.Errorf("%s(-want +got):\n%s", edits, diff)
		}
		if rewritten.Len() > 0 {
			rewritten.WriteString("\n====\n")
		}
		rewritten.WriteString(edits + "----\n" + got)
	}
	if *update {
		if err := os.WriteFile(file, []byte(rewritten.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// edited applies lines such as "A => B" (replace), "+ text" (append), "- text"
// (remove the lines that have it), "empty" (nothing is left) and "# comment".
func edited(t *testing.T, base, edits string) string {
	t.Helper()
	text := base
	for line := range strings.Lines(edits) {
		line = strings.TrimRight(line, "\n")
		from, to, replace := strings.Cut(line, " => ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "empty":
			text = ""
		case strings.HasPrefix(line, "+ "):
			text += line[2:] + "\n"
		case strings.HasPrefix(line, "- "):
			lines := strings.SplitAfter(text, "\n")
			kept := slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, line[2:]) })
			text = strings.Join(kept, "")
		case replace && strings.Contains(text, from):
			text = strings.Replace(text, from, strings.ReplaceAll(to, `\n`, "\n"), 1)
		default:
			t.Fatalf("edit %q does nothing", line)
		}
	}
	return text
}

// TestDefaultIsComplete: the printed file is accepted, without a fault, with
// only the warning about the demo's password; it names every key that exists,
// none that does not, and says of each when a change counts.
func TestDefaultIsComplete(t *testing.T) {
	c, err := Parse("gateway.toml", []byte(Default()))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].What, "secret of DEMO1") {
		t.Errorf("warnings %v, want one about the secret of DEMO1", c.Warnings)
	}
	want := map[string]bool{}
	keysUnder(reflect.TypeFor[Config](), "", want)
	got, labelled := keysOfFile(Default())
	for key := range want {
		if !got[key] {
			t.Errorf("%s is not in the printed file", key)
		}
		if !labelled[key] {
			t.Errorf("%s: no comment says when a change counts", key)
		}
	}
	for key := range got {
		if !want[key] {
			t.Errorf("%s is in the printed file but not in Config", key)
		}
	}
	for number, line := range strings.Split(Default(), "\n") {
		if n := len([]rune(line)); n > 120 {
			t.Errorf("default.toml:%d has %d columns, at most 120", number+1, n)
		}
	}
}

// keysUnder collects the keys of a struct, such as "market.quote.levels".
func keysUnder(t reflect.Type, path string, into map[string]bool) {
	for i := range t.NumField() {
		key := t.Field(i).Tag.Get("toml")
		if key == "" {
			continue
		}
		at, ft := join(path, key), t.Field(i).Type
		if ft.Kind() == reflect.Slice {
			ft = ft.Elem()
		}
		if ft.Kind() == reflect.Struct {
			keysUnder(ft, at, into)
		} else {
			into[at] = true
		}
	}
}

var (
	headerLine = regexp.MustCompile(`^\s*#?\s*\[\[?([a-z_.]+)\]\]?`)
	keyLine    = regexp.MustCompile(`^\s*#?([a-z_]+)\s*= (.*)`)
	labels     = regexp.MustCompile(`# .*\[(restart|once)\]`)
)

// keysOfFile collects the keys of a file, those in comments too, and those
// whose line says when a change counts.
func keysOfFile(text string) (keys, labelled map[string]bool) {
	keys, labelled = map[string]bool{}, map[string]bool{}
	section := ""
	for line := range strings.Lines(text) {
		if m := headerLine.FindStringSubmatch(line); m != nil {
			section = m[1]
		} else if m := keyLine.FindStringSubmatch(line); m != nil {
			key := join(section, m[1])
			keys[key] = true
			labelled[key] = labelled[key] || labels.MatchString(line)
		}
	}
	return keys, labelled
}

// TestDefaultsAreShown: a key that the printed file shows has the value that
// it would have without the line, unless it is required or the line says so.
func TestDefaultsAreShown(t *testing.T) {
	full, err := Parse("gateway.toml", []byte(Default()))
	if err != nil {
		t.Fatal(err)
	}
	for number, line := range strings.Split(Default(), "\n") {
		m := keyLine.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(strings.TrimSpace(line), "#") || !labels.MatchString(line) {
			continue
		}
		if strings.Contains(line, "REQUIRED") || strings.Contains(line, "without it") ||
			slices.Contains([]string{"secret", "accounts", "symbols", "start"}, m[1]) {
			continue
		}
		lines := strings.Split(Default(), "\n")
		c, err := Parse("gateway.toml", []byte(strings.Join(slices.Delete(lines, number, number+1), "\n")))
		if err != nil {
			t.Errorf("line %d: without %s: %v", number+1, m[1], err)
			continue
		}
		if diff := cmp.Diff(full.Show(), c.Show()); diff != "" {
			t.Errorf("line %d shows a value of %s that is not its default:\n%s", number+1, m[1], diff)
		}
	}
}

// TestTagsParse: the limits in the tags are in the unit of their field.
func TestTagsParse(t *testing.T) {
	checkTags(t, reflect.TypeFor[Config]())
}

func checkTags(t *testing.T, s reflect.Type) {
	for i := range s.NumField() {
		f := s.Field(i)
		if f.Tag.Get("toml") == "" {
			continue
		}
		ft := f.Type
		if ft.Kind() == reflect.Slice || ft.Kind() == reflect.Map {
			ft = ft.Elem()
		}
		if ft.Kind() == reflect.Struct {
			checkTags(t, ft)
			continue
		}
		low, hasLow := bound(f.Tag, "min", ft)
		high, hasHigh := bound(f.Tag, "max", ft)
		if hasLow && hasHigh && low >= high {
			t.Errorf("%s.%s: min is not below max", s.Name(), f.Name)
		}
	}
}

// TestShowHidesSecrets: what `config show` prints reads back to the same
// configuration, except for the password, which it does not hold.
func TestShowHidesSecrets(t *testing.T) {
	const password = "correct-horse"
	src := strings.Replace(Default(), "plain:demo", "plain:"+password, 1)
	c, err := Parse("gateway.toml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	shown := c.Show()
	if strings.Contains(shown, password) || strings.Contains(fmt.Sprint(c.Tree()), password) {
		t.Fatal("the password is printed")
	}
	back, err := Parse("shown.toml", []byte(strings.Replace(shown, hidden, "plain:"+password, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shown, back.Show()); diff != "" {
		t.Errorf("printed, read and printed again (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(c.Tree(), back.Tree()); diff != "" {
		t.Errorf("as a tree (-first +second):\n%s", diff)
	}
}

// TestSecretsAreRead: what Load says of each kind of secret and of files.
func TestSecretsAreRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("good", "hunter2\n", 0o600)
	write("open", "hunter2\n", 0o644)
	write("empty", "\n", 0o600)
	write("lines", "a\nb\n", 0o600)
	t.Setenv("ACME_PASSWORD", "from-env")
	t.Setenv("EMPTY", "")
	for _, c := range []struct{ secret, password, fault string }{
		{"env:ACME_PASSWORD", "from-env", ""},
		{"file:good", "hunter2", ""},
		{"file:" + filepath.Join(dir, "good"), "hunter2", ""},
		{"plain:demo", "demo", ""},
		{"env:EMPTY", "", "is empty or not set"},
		{"file:none", "", "cannot be read"},
		{"file:open", "", "mode 0644: others may read it"},
		{"file:empty", "", "does not hold one line"},
		{"file:lines", "", "does not hold one line"},
		{"file:.", "", "is not a plain file"},
	} {
		src := strings.Replace(read(t, "testdata/base.toml"), "env:ACME_PASSWORD", c.secret, 1)
		write("gateway.toml", src, 0o644)
		got, err := Load(filepath.Join(dir, "gateway.toml"))
		switch {
		case c.fault == "" && (err != nil || got.Sessions[0].Password != c.password):
			t.Errorf("%s: password %v, %v; want %q", c.secret, got, err, c.password)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault) || !strings.Contains(err.Error(), ":21:12: ")):
			t.Errorf("%s: %v; want a fault at line 21 with %q", c.secret, err, c.fault)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the fault tells the password", c.secret)
		}
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "none.toml")} {
		var faults *Problems
		if _, err := Load(path); err == nil || errors.As(err, &faults) {
			t.Errorf("Load(%s) = %v, want an error that is not about its content", path, err)
		}
	}
}

// FuzzParse: whatever the file, Parse returns, and each problem has a place
// inside of it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(Default()))
	base, err := os.ReadFile("testdata/base.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(base)
	for _, s := range []string{"", "a", "[market]", "[[market]]\nsymbol=1", "market=[1,{symbol={}}]", "fix.listen=[[]]",
		"[[market]]\n[[market.oracle]]", "\"\"=1\n'a.b'={c.d=1}", "maker.equity=1e3", "[feed]\nstart=1", "session=[{secret=\"plain:\\u0000\"}]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := Parse("f", src)
		var faults *Problems
		if err == nil {
			if _, err := Parse("shown", []byte(strings.ReplaceAll(c.Show(), hidden, "env:X"))); err != nil {
				t.Errorf("accepted, but what it comes to is not: %v", err)
			}
			return
		}
		if !errors.As(err, &faults) || len(faults.List) == 0 {
			t.Fatalf("an error that is no list of problems: %v", err)
		}
		lines := strings.Count(string(src), "\n") + 1
		for _, p := range faults.List {
			if p.Line < 1 || p.Line > lines || p.Col < 1 || p.Length < 0 || p.What == "" {
				t.Errorf("problem %+v in %d lines", p, lines)
			}
		}
		if !strings.HasSuffix(err.Error(), "Nothing was applied.") {
			t.Errorf("the text does not end with what was applied: %q", err)
		}
	})
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestDefaultNamesEveryScript: who writes a scripted feed finds what there is.
func TestDefaultNamesEveryScript(t *testing.T) {
	if said := "# [restart] " + strings.Join(scripts, " | ") + ";"; !strings.Contains(Default(), said) {
		t.Errorf("the default configuration does not say %q", said)
	}
}
