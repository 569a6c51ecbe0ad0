package config

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// helpWidth is the widest line of help, in columns.
const helpWidth = 80

// overview lists all commands by group.
func overview(table []Command) string {
	var b strings.Builder
	b.WriteString("Backstop: a market maker that institutions connect to over FIX\n\n")
	b.WriteString("usage: gateway COMMAND [flags]\n")
	seen := map[string]bool{}
	for _, c := range table {
		if seen[c.Group] {
			continue
		}
		seen[c.Group] = true
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(c.Group))
		for _, m := range table {
			if m.Group == c.Group {
				fmt.Fprintf(&b, "  %-18s %s\n", m.Path, m.Short)
			}
		}
	}
	b.WriteString("\n`gateway help COMMAND` or `gateway COMMAND --help` shows flags and examples,\n")
	b.WriteString("`gateway help exit-codes` what the exit codes mean. A flag that is not given is\n")
	b.WriteString("taken from the environment: --data-dir from GATEWAY_DATA_DIR.\n")
	return b.String()
}

func listing(commands []Command) string {
	var b strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&b, "  gateway %-18s %s\n", c.Path, c.Short)
	}
	return b.String()
}

// Help is the whole help of one command, at most width columns wide.
func (c Command) Help(width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nusage: gateway %s", c.Short, c.Path)
	flags := c.flagSet()
	usages := flags.FlagUsagesWrapped(width)
	if usages != "" {
		b.WriteString(" [flags]")
	}
	if c.Args != "" {
		b.WriteString(" " + c.Args)
	}
	b.WriteString("\n")
	if c.Long != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.Trim(c.Long, "\n"))
	}
	if usages != "" {
		fmt.Fprintf(&b, "\nflags:\n%s", usages)
	}
	b.WriteString("\nexamples:\n")
	for line := range strings.Lines(strings.Trim(c.Examples, "\n") + "\n") {
		b.WriteString("  " + strings.TrimLeft(line, "\t "))
	}
	return b.String()
}

// Help is the command that explains the others.
func Help() Command {
	return Command{
		Path: "help", Group: "more", Args: "[COMMAND]", MaxArgs: ArgsAny,
		Short: "Explain a command, or the exit codes",
		Examples: `gateway help
gateway help config validate
gateway help exit-codes`,
		Run: func(_ context.Context, env *Env, args []string) int {
			if len(args) == 0 {
				return env.Print(overview(env.Table))
			}
			if len(args) == 1 && args[0] == "exit-codes" {
				return env.Print(ExitCodes())
			}
			if c, rest, found := find(env.Table, args); found && len(rest) == 0 {
				return env.Print(c.Help(env.Width))
			}
			if members := within(env.Table, args[0]); len(members) > 0 && len(args) == 1 {
				return env.Print(listing(members))
			}
			said := strings.Join(args, " ")
			hints := []string{"`gateway help` lists the commands"}
			if near := nearest(said, append(paths(env.Table), "exit-codes")); near != "" {
				hints = append([]string{fmt.Sprintf("did you mean `gateway help %s`?", near)}, hints...)
			}
			return env.Fail(ExitUsage, fmt.Errorf("no help on %q", said), hints...)
		},
	}
}

// Reference is docs/cli.md: every command with its help.
func Reference(table []Command) string {
	var b strings.Builder
	b.WriteString("# Commands of `gateway`\n\n")
	b.WriteString("Written from the command table by `go test ./cmd/gateway -run TestReference -update`;\n")
	b.WriteString("a test fails when it is out of date. Data goes to stdout, talk to stderr.\n\n")
	b.WriteString("```\n" + overview(table) + "```\n")
	for _, c := range table {
		fmt.Fprintf(&b, "\n## gateway %s\n\n```\n%s```\n", c.Path, c.Help(helpWidth))
	}
	b.WriteString("\n## Exit codes\n\n| code | meaning |\n|---:|---|\n")
	for _, e := range exitMeanings {
		fmt.Fprintf(&b, "| %d | %s |\n", e.code, e.meaning)
	}
	return b.String()
}

// flagNames lists the flags of a command as they are typed.
func (c Command) flagNames() []string {
	names := []string{"--help"}
	c.flagSet().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return names
}
