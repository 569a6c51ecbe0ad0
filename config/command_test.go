package config

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// toyTable is a command table of one group with subcommands and one command
// alone. What ran is written to stdout.
func toyTable() []Command {
	var size string
	var quick bool
	show := func(_ context.Context, env *Env, args []string) int {
		return env.Print(fmt.Sprintf("size=%s quick=%v args=%q\n", size, quick, args))
	}
	return []Command{
		{
			Path: "order show", Group: "orders", Args: "ID [MORE]", MinArgs: 1, MaxArgs: 2, Short: "Show it",
			Examples: "gateway order show 7", Run: show, Complete: func() []string { return []string{"seven", "eight"} },
			Flags: func(f *Flags) {
				f.StringVar(&size, "min-size", "1", "smallest `SIZE` that is shown")
				f.BoolVar(&quick, "quick", false, "do not wait")
			},
		},
		{Path: "order cancel", Group: "orders", MaxArgs: ArgsAny, Short: "Cancel it", Examples: "gateway order cancel", Run: show},
		{Path: "ping", Group: "other", Short: "Ping", Examples: "gateway ping", Run: func(context.Context, *Env, []string) int { return ExitTimeout }},
		Completion(),
		Help(),
	}
}

type result struct {
	code     int
	out, err string
}

func run(vars map[string]string, args ...string) result {
	var out, talk bytes.Buffer
	env := &Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &talk, Lookup: func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}}
	code := Main(context.Background(), toyTable(), env, args)
	return result{code, out.String(), talk.String()}
}

func TestDispatch(t *testing.T) {
	for _, c := range []struct {
		args string
		vars map[string]string
		code int
		out  string // all of stdout
		err  string // part of stderr
	}{
		{"order show 7", nil, ExitOK, "size=1 quick=false args=[\"7\"]\n", ""},
		{"order show --min-size 3 7 8", nil, ExitOK, "size=3 quick=false args=[\"7\" \"8\"]\n", ""},
		{"order show 7 --min_size=3 --quick", nil, ExitOK, "size=3 quick=true args=[\"7\"]\n", ""},
		{"order show 7", map[string]string{"GATEWAY_MIN_SIZE": "9"}, ExitOK, "size=9 quick=false args=[\"7\"]\n", ""},
		{"order show 7 --min-size 3", map[string]string{"GATEWAY_MIN_SIZE": "9"}, ExitOK, "size=3 quick=false args=[\"7\"]\n", ""},
		{"order show 7", map[string]string{"GATEWAY_MIN_SIZE": ""}, ExitOK, "size=1 quick=false args=[\"7\"]\n", ""},
		{"order cancel a b c", nil, ExitOK, "size= quick=false args=[\"a\" \"b\" \"c\"]\n", ""},
		{"ping", nil, ExitTimeout, "", ""},
		{"", nil, ExitUsage, "", "usage: gateway COMMAND"},
		{"order", nil, ExitUsage, "", "gateway order cancel"},
		{"order shwo 7", nil, ExitUsage, "", "did you mean `gateway order show`?"},
		{"pong", nil, ExitUsage, "", "did you mean `gateway ping`?"},
		{"xyzzy", nil, ExitUsage, "", "`gateway help` lists the commands"},
		{"--quick ping", nil, ExitUsage, "", "flags follow their command"},
		{"order show 7 --qick", nil, ExitUsage, "", "did you mean --quick?"},
		{"order show 7 --min-size", nil, ExitUsage, "", "needs an argument"},
		{"order show 7 --quick=perhaps", nil, ExitUsage, "", "invalid"},
		{"order show 7", map[string]string{"GATEWAY_QUICK": "perhaps"}, ExitUsage, "", "from GATEWAY_QUICK"},
		{"order show", nil, ExitUsage, "", "an argument is missing: ID [MORE]"},
		{"order show 7 8 9", nil, ExitUsage, "", `unexpected argument "9"`},
		{"ping now", nil, ExitUsage, "", "ping takes no argument"},
		{"help nothing", nil, ExitUsage, "", `no help on "nothing"`},
		{"help exit-code", nil, ExitUsage, "", "did you mean `gateway help exit-codes`?"},
		{"help ping now", nil, ExitUsage, "", "no help on"},
		{"completion tcsh", nil, ExitUsage, "", "bash, zsh, fish"},
	} {
		got := run(c.vars, strings.Fields(c.args)...)
		if got.code != c.code || got.out != c.out || !strings.Contains(got.err, c.err) {
			t.Errorf("%q %v: exit %d, stdout %q, stderr %q; want %d, %q, %q", c.args, c.vars, got.code, got.out, got.err, c.code, c.out, c.err)
		}
		if c.code == ExitOK && got.err != "" {
			t.Errorf("%q talks on stderr: %q", c.args, got.err)
		}
	}
}

// TestHelpIsAsked: help that was asked for goes to stdout and is no error.
func TestHelpIsAsked(t *testing.T) {
	for args, want := range map[string]string{
		"--help": "usage: gateway COMMAND", "-h": "ORDERS", "help": "order show", "order --help": "gateway order cancel",
		"help order": "gateway order cancel", "order show --help": "--min-size SIZE", "order show 7 -h": "gateway order show 7",
		"help order show": "usage: gateway order show [flags] ID [MORE]", "help exit-codes": "   75  another gateway",
	} {
		if got := run(nil, strings.Fields(args)...); got.code != ExitOK || got.err != "" || !strings.Contains(got.out, want) {
			t.Errorf("%q: exit %d, stderr %q, stdout %q; want %q in it", args, got.code, got.err, got.out, want)
		}
	}
}

// TestComplete: what may follow the words typed so far.
func TestComplete(t *testing.T) {
	for typed, want := range map[string]string{
		"":                     "order ping completion help",
		"o":                    "order",
		"order ":               "show cancel",
		"order s":              "show",
		"order show ":          "seven eight",
		"order show s":         "seven",
		"order show -":         "--help --min-size --quick",
		"order show 7 --q":     "--quick",
		"completion ":          "bash zsh fish",
		"help ":                "order ping completion help exit-codes",
		"help order ":          "show cancel exit-codes",
		"nothing ":             "",
		"order cancel x":       "",
		"order show --nothing": "",
	} {
		words := append([]string{completeCommand}, strings.Split(typed, " ")...)
		got := run(nil, words...)
		if lines := strings.Join(strings.Fields(got.out), " "); got.code != ExitOK || lines != want {
			t.Errorf("%q: exit %d, %q; want %q", typed, got.code, lines, want)
		}
	}
}

// TestCompletionScripts: each script is one that its shell can read.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range shells() {
		got := run(nil, "completion", shell)
		if got.code != ExitOK || !strings.Contains(got.out, completeCommand) {
			t.Errorf("%s: exit %d, %q", shell, got.code, got.out)
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s is not installed; its script is not run", shell)
			continue
		}
		check := exec.Command(path, "-n", "/dev/stdin")
		check.Stdin = strings.NewReader(got.out)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}

// TestExitCodesAreTold: no two names share a code, and help explains each.
func TestExitCodesAreTold(t *testing.T) {
	codes := []int{ExitOK, ExitFailure, ExitUsage, ExitConfig, ExitNotFound, ExitUnreachable, ExitTimeout, ExitCheck,
		ExitRefused, ExitCommit, ExitLocked, ExitInterrupted}
	for i, code := range codes {
		if slices.Contains(codes[:i], code) {
			t.Errorf("code %d stands for two things", code)
		}
		if !strings.Contains(ExitCodes(), fmt.Sprintf("\n%5d  ", code)) {
			t.Errorf("help does not explain %d", code)
		}
	}
	if len(exitMeanings) != len(codes) {
		t.Errorf("%d codes are explained, %d exist", len(exitMeanings), len(codes))
	}
}

// TestNearest: a slip of the fingers is recognised, another word is not.
func TestNearest(t *testing.T) {
	words := []string{"base_spread_bps", "max_spread_bps", "levels", "tick"}
	for said, want := range map[string]string{
		"base_spraed_bps": "base_spread_bps", "max_spread": "max_spread_bps", "level": "levels", "tikc": "tick",
		"zebra": "", "": "", strings.Repeat("x", 1000): "", "t": "",
	} {
		if got := nearest(said, words); got != want {
			t.Errorf("nearest(%.20q) = %q, want %q", said, got, want)
		}
	}
}

// TestDistance compares with the plain recursive definition.
func TestDistance(t *testing.T) {
	words := []string{"", "a", "ab", "ba", "abc", "cab", "kitten", "sitting", "öl", "ol"}
	for _, a := range words {
		for _, b := range words {
			if got, want := distance(a, b), slowDistance([]rune(a), []rune(b)); got != want {
				t.Errorf("distance(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func slowDistance(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	change := slowDistance(a[1:], b[1:])
	if a[0] != b[0] {
		change++
	}
	return min(change, slowDistance(a[1:], b)+1, slowDistance(a, b[1:])+1)
}

// TestNothingSteersTheTerminal: C13. Whatever a client has called itself or its
// order, printing it moves no cursor, sets no title, turns no text around, and JSON
// stays the same text.
func TestNothingSteersTheTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 漢\ttext\r\nnext\n":                 "plain é 漢\ttext\r\nnext\n",
		"\x1b[2J\x1b]0;owned\x07":                   `\u001b[2J\u001b]0;owned\u0007`,
		"csi \u009b31m and del \x7f":                `csi \u009b31m and del \u007f`,
		"raw \x9b31m":                               `raw \ufffd31m`,
		"good\rbad":                                 `good\u000dbad`,
		"turned \u202egpj.exe\u2066":                `turned \u202egpj.exe\u2066`,
		"backspace \b\b and vertical \v, zero \x00": `backspace \u0008\u0008 and vertical \u000b, zero \u0000`,
	} {
		var out, talk strings.Builder
		env := &Env{Stdout: &out, Stderr: &talk}
		if code := env.Print(in); code != ExitOK || out.String() != want {
			t.Errorf("%q: prints %q, want %q", in, out.String(), want)
		}
		if env.Say("%s", in); talk.String() != want+"\n" {
			t.Errorf("%q: says %q", in, talk.String())
		}
		out.Reset()
		if code := env.JSON(in); code != ExitOK || strings.ContainsFunc(strings.TrimRight(out.String(), "\n"), obeyed) {
			t.Errorf("%q: JSON %q", in, out.String())
		}
		var back string
		if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back != strings.ToValidUTF8(in, "\ufffd") {
			t.Errorf("%q: comes back from JSON as %q, %v", in, back, err)
		}
		out.Reset()
		if code := env.Bytes([]byte(in)); code != ExitOK || out.String() != in {
			t.Errorf("%q: as bytes %q", in, out.String())
		}
	}
}
