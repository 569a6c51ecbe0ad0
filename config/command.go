package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// Flags is the flag set of one command, so that commands need no key to the
// flag library.
type Flags = pflag.FlagSet

// Command is one row of the command table. Everything that is known about a
// command stands in its row: help, completion and docs/cli.md come from it.
type Command struct {
	// Path is how the command is called, such as "config init".
	Path string
	// Group is the heading under which the command stands in the overview.
	Group string
	// Args names the positional arguments, such as "[FILE]"; empty: none.
	Args string
	// MinArgs and MaxArgs bound the number of positional arguments; MaxArgs
	// below zero means any number.
	MinArgs, MaxArgs int
	// Short is one line; Long is further text, already wrapped to the screen.
	Short, Long string
	// Examples has one command line a line.
	Examples string
	// Flags declares the flags; nil: none.
	Flags func(*Flags)
	// Run does the work and returns an exit code.
	Run func(ctx context.Context, env *Env, args []string) int
	// Complete lists the values that the next argument may have; nil: files.
	Complete func() []string
}

// Env is what a command sees of the world. Tests build one of their own.
type Env struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Lookup finds a variable of the environment.
	Lookup func(name string) (string, bool)
	// Width is the number of columns for help; zero means 80.
	Width int
	// Table holds all commands, for help and completion.
	Table []Command
}

// OSEnv is the real environment of the process.
func OSEnv() *Env {
	return &Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Lookup: os.LookupEnv}
}

// Fail prints an error line and the hints, each saying what to do next, to
// stderr, and returns code.
func (e *Env) Fail(code int, err error, hints ...string) int {
	text := "gateway: " + err.Error()
	for _, h := range hints {
		text += "\nhint: " + h
	}
	e.Say("%s", text)
	return code
}

// Say prints one line of talk to stderr. There is nobody left to tell if
// stderr itself fails.
func (e *Env) Say(format string, args ...any) {
	_, _ = io.WriteString(e.Stderr, harmless(fmt.Sprintf(format, args...))+"\n")
}

// Print writes text to stdout and returns ExitOK, or ExitFailure if the
// reader went away. Clients choose parts of what is printed, so nothing in it can
// steer a terminal.
func (e *Env) Print(text string) int { return e.Bytes([]byte(harmless(text))) }

// Bytes writes a file to stdout as it is.
func (e *Env) Bytes(b []byte) int {
	if _, err := e.Stdout.Write(b); err != nil {
		return e.Fail(ExitFailure, fmt.Errorf("writing the output: %w", err))
	}
	return ExitOK
}

// harmless writes every character that a terminal would obey, or that would turn the
// direction of the text, as \u and its number. In JSON that is the same text.
func harmless(text string) string {
	if !strings.ContainsFunc(text, obeyed) && !strings.Contains(text, "\r") {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		if obeyed(r) || r == '\r' && !strings.HasPrefix(text[i:], "\r\n") { // Alone it writes over what stands there.
			fmt.Fprintf(&b, "\\u%04x", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func obeyed(r rune) bool {
	switch r {
	case '\n', '\t', '\r':
		return false
	case unicode.ReplacementChar: // a byte that is no UTF-8, such as CSI alone
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// JSON writes v as indented JSON to stdout.
func (e *Env) JSON(v any) int {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return e.Fail(ExitFailure, fmt.Errorf("encoding the output: %w", err))
	}
	return e.Print(string(b) + "\n")
}

// AskSecret reads a line without showing it, if stdin is a terminal. The end of
// ctx ends it and gives the terminal back as it was.
func (e *Env) AskSecret(ctx context.Context, prompt string) (string, error) {
	f, ok := e.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", errors.New("no terminal to ask for a password")
	}
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return "", fmt.Errorf("asking for a password: %w", err)
	}
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	if _, err := fmt.Fprint(e.Stderr, prompt); err != nil {
		return "", fmt.Errorf("asking for a password: %w", err)
	}
	go func() {
		text, err := term.ReadPassword(int(f.Fd()))
		answers <- answer{text, err}
	}()
	defer e.Say("")
	select {
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(int(f.Fd()), before))
	case a := <-answers:
		return string(a.text), a.err
	}
}

// ArgsAny is the MaxArgs of a command that takes any number of arguments.
const ArgsAny = -1

// Main finds the command that args name, parses its flags and runs it.
func Main(ctx context.Context, table []Command, env *Env, args []string) int {
	env.Table = table
	if env.Width == 0 {
		env.Width = helpWidth
	}
	root := newFlags("gateway")
	root.SetInterspersed(false)
	if err := root.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return env.Print(overview(table))
	} else if err != nil {
		return env.Fail(ExitUsage, err, "`gateway help` lists the commands; flags follow their command")
	}
	args = root.Args()
	if len(args) == 0 {
		env.Say("%s", overview(table))
		return ExitUsage
	}
	if args[0] == completeCommand {
		return env.Print(strings.Join(append(complete(table, args[1:]), ""), "\n"))
	}
	cmd, rest, found := find(table, args)
	if !found {
		return unknown(env, table, args)
	}
	return cmd.start(ctx, env, rest)
}

// find looks for the command with the longest path that args begin with.
func find(table []Command, args []string) (cmd Command, rest []string, found bool) {
	words := 0
	for _, c := range table {
		path := strings.Fields(c.Path)
		if len(path) <= len(args) && len(path) > words && slices.Equal(path, args[:len(path)]) {
			cmd, words, found = c, len(path), true
		}
	}
	return cmd, args[words:], found
}

// unknown answers words that are no command: help if they name a group and ask
// for it, else a usage error with the nearest command.
func unknown(env *Env, table []Command, args []string) int {
	if members := within(table, args[0]); len(members) > 0 {
		if len(args) > 1 && (args[1] == "--help" || args[1] == "-h") {
			return env.Print(listing(members))
		}
		if len(args) == 1 {
			env.Say("gateway: %q needs one of these words\n\n%s", args[0], listing(members))
			return ExitUsage
		}
	}
	words := 1
	if len(args) > 1 && !strings.HasPrefix(args[1], "-") && len(within(table, args[0])) > 0 {
		words = 2
	}
	said := strings.Join(args[:words], " ")
	hints := []string{"`gateway help` lists the commands"}
	if near := nearest(said, paths(table)); near != "" {
		hints = append([]string{fmt.Sprintf("did you mean `gateway %s`?", near)}, hints...)
	}
	return env.Fail(ExitUsage, fmt.Errorf("unknown command %q", said), hints...)
}

// start parses the flags of the command and runs it.
func (c Command) start(ctx context.Context, env *Env, args []string) int {
	flags := c.flagSet()
	seeHelp := fmt.Sprintf("`gateway %s --help` shows the flags and examples", c.Path)
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return env.Print(c.Help(env.Width))
	} else if err != nil {
		hints := []string{seeHelp}
		if near := nearestFlag(flags, err); near != "" {
			hints = append([]string{fmt.Sprintf("did you mean --%s?", near)}, hints...)
		}
		return env.Fail(ExitUsage, fmt.Errorf("%s: %w", c.Path, err), hints...)
	}
	if err := fromEnvironment(flags, env.Lookup); err != nil {
		return env.Fail(ExitUsage, fmt.Errorf("%s: %w", c.Path, err), seeHelp)
	}
	n := flags.NArg()
	switch {
	case n < c.MinArgs:
		return env.Fail(ExitUsage, fmt.Errorf("%s: an argument is missing: %s", c.Path, c.Args), seeHelp)
	case c.MaxArgs == 0 && n > 0:
		// Not repeated: somebody may take a password for an argument.
		return env.Fail(ExitUsage, fmt.Errorf("%s takes no argument", c.Path), seeHelp)
	case c.MaxArgs >= 0 && n > c.MaxArgs:
		return env.Fail(ExitUsage, fmt.Errorf("%s: unexpected argument %q", c.Path, flags.Arg(c.MaxArgs)), seeHelp)
	}
	return c.Run(ctx, env, flags.Args())
}

func (c Command) flagSet() *pflag.FlagSet {
	flags := newFlags(c.Path)
	if c.Flags != nil {
		c.Flags(flags)
	}
	return flags
}

// newFlags makes a silent flag set: errors are printed by the caller, flags
// stand in the order of their declaration, and a_b means a-b.
func newFlags(name string) *pflag.FlagSet {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	flags.SortFlags = false
	flags.Usage = func() {}
	flags.SetOutput(io.Discard)
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
	})
	return flags
}

// EnvName is the variable that stands in for a flag that is not given.
func EnvName(flag string) string {
	return "GATEWAY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment sets the flags that the command line did not set from
// GATEWAY_* variables.
func fromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var faults []error
	flags.VisitAll(func(f *pflag.Flag) {
		value, ok := lookup(EnvName(f.Name))
		if f.Changed || !ok || value == "" {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			faults = append(faults, fmt.Errorf("from %s: %w", EnvName(f.Name), err))
		}
	})
	return errors.Join(faults...)
}

// nearestFlag names the flag that was probably meant by an unknown one.
func nearestFlag(flags *pflag.FlagSet, err error) string {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return ""
	}
	var names []string
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return nearest(missing.GetSpecifiedName(), names)
}

func paths(table []Command) []string {
	all := make([]string, 0, len(table))
	for _, c := range table {
		all = append(all, c.Path)
	}
	return all
}

// within returns the commands whose path begins with this word and goes on.
func within(table []Command, word string) []Command {
	var members []Command
	for _, c := range table {
		if strings.HasPrefix(c.Path, word+" ") {
			members = append(members, c)
		}
	}
	return members
}
