package config

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// completeCommand is what the shells call to ask what may come next. It stands
// in no table, so help does not list it.
const completeCommand = "__complete"

// Completion is the command that prints a completion script. The scripts know
// nothing: they ask the binary, so they never go out of date.
func Completion() Command {
	return Command{
		Path: "completion", Group: "more", Args: "bash|zsh|fish", MinArgs: 1, MaxArgs: 1,
		Short: "Print a completion script for your shell",
		Examples: `source <(gateway completion bash)
gateway completion zsh > ~/.zsh/completions/_gateway
gateway completion fish > ~/.config/fish/completions/gateway.fish`,
		Complete: shells,
		Run: func(_ context.Context, env *Env, args []string) int {
			script, ok := completionScripts[args[0]]
			if !ok {
				hint := "the shells are " + strings.Join(shells(), ", ")
				return env.Fail(ExitUsage, fmt.Errorf("completion: unknown shell %q", args[0]), hint)
			}
			return env.Print(strings.TrimLeft(script, "\n"))
		},
	}
}

func shells() []string { return []string{"bash", "zsh", "fish"} }

// complete answers a shell: the words typed so far, the last of them perhaps
// unfinished, lead to one candidate a line. No candidate means: a file.
func complete(table []Command, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	done, last := words[:len(words)-1], words[len(words)-1]
	var candidates []string
	switch cmd, rest, found := find(table, done); {
	case found && strings.HasPrefix(last, "-"):
		candidates = cmd.flagNames()
	case found && cmd.Path == "help":
		candidates = append(nextWords(table, rest), "exit-codes")
	case found && cmd.Complete != nil:
		candidates = cmd.Complete()
	case !found:
		candidates = nextWords(table, done)
	}
	return slices.DeleteFunc(candidates, func(c string) bool { return !strings.HasPrefix(c, last) })
}

// nextWords lists what may follow the words of an unfinished command path.
func nextWords(table []Command, done []string) []string {
	var next []string
	for _, c := range table {
		path := strings.Fields(c.Path)
		if len(path) > len(done) && slices.Equal(path[:len(done)], done) && !slices.Contains(next, path[len(done)]) {
			next = append(next, path[len(done)])
		}
	}
	return next
}

var completionScripts = map[string]string{
	"bash": `
# bash completion for gateway
_gateway() {
    local cur="${COMP_WORDS[COMP_CWORD]}"
    local IFS=$'\n'
    COMPREPLY=($(gateway __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    if [ ${#COMPREPLY[@]} -eq 0 ]; then
        COMPREPLY=($(compgen -f -- "$cur"))
    fi
}
complete -o filenames -F _gateway gateway
`,
	"zsh": `
#compdef gateway
# zsh completion for gateway
_gateway() {
    local -a candidates
    candidates=("${(@f)$(gateway __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [ -n "${candidates[1]}" ]; then
        compadd -a candidates
    else
        _files
    fi
}
if [ "$funcstack[1]" = "_gateway" ]; then
    _gateway "$@"
else
    compdef _gateway gateway
fi
`,
	"fish": `
# fish completion for gateway
function __gateway_complete
    set -l words (commandline -opc) (commandline -ct)
    gateway __complete $words[2..-1] 2>/dev/null
end
complete -c gateway -a '(__gateway_complete)'
`,
}
