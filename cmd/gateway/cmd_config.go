package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"backstop/config"
)

// defaultConfigFile is what the config commands read when no file is named.
const defaultConfigFile = "gateway.toml"

func configInit() config.Command {
	var output string
	return config.Command{
		Path: "config init", Group: groupConfig,
		Short: "Print a complete, commented configuration",
		Long: `The configuration runs as it is: a synthetic price feed, loopback addresses
and one demo client. Every key is explained where it stands.`,
		Examples: `gateway config init > gateway.toml
gateway config init --output gateway.toml`,
		Flags: func(f *config.Flags) {
			f.StringVarP(&output, "output", "o", "", "write to this `FILE`, which must not exist yet")
		},
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			if output == "" {
				return env.Print(config.Default())
			}
			return writeNew(env, output, config.Default())
		},
	}
}

// writeNew writes a file that must not exist: nobody's configuration is lost. It
// may come to hold a hash, so only its owner may read it.
func writeNew(env *config.Env, path, text string) int {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return env.Fail(config.ExitRefused, fmt.Errorf("%s exists and is left as it is", path), "remove it first, or choose another name")
	}
	if err != nil {
		return env.Fail(config.ExitFailure, fmt.Errorf("writing the configuration: %w", err))
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return env.Fail(config.ExitFailure, fmt.Errorf("writing the configuration: %w", err))
	}
	env.Say("wrote %s; next: gateway run --config %s", path, path)
	return config.ExitOK
}

func configValidate() config.Command {
	var asJSON bool
	return config.Command{
		Path: "config validate", Group: groupConfig, Args: "[FILE]", MaxArgs: 1,
		Short: "Report every fault of a configuration",
		Long: `Each fault comes with file:line:column, what is allowed and what was probably
meant. Secrets and feed files are looked for too. Without FILE: gateway.toml.
Exit 0: no fault. Exit 3: faults, or no such file.`,
		Examples: `gateway config validate
gateway config validate /etc/gateway/gateway.toml
gateway config validate --json gateway.toml`,
		Flags: func(f *config.Flags) { jsonFlag(f, &asJSON) },
		Run: func(_ context.Context, env *config.Env, args []string) int {
			path := fileArg(args)
			c, err := config.Load(path)
			if asJSON {
				return validateJSON(env, path, c, err)
			}
			if err != nil {
				return failConfig(env, path, err)
			}
			for _, w := range c.Warnings {
				env.Say("%s:%d:%d: warning: %s\nhint: %s", path, w.Line, w.Col, w.What, w.Hint)
			}
			return env.Print(fmt.Sprintf("%s is fine: %s\n", path, summary(c)))
		},
	}
}

// summary counts what a configuration sets up.
func summary(c *config.Config) string {
	return fmt.Sprintf("%s, %s, %s, %s", count(len(c.Markets), "market"), count(len(c.Accounts), "account"),
		count(len(c.Sessions), "session"), count(len(c.Feeds), "feed"))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// validation is the answer of `config validate --json`.
type validation struct {
	File     string    `json:"file"`
	Valid    bool      `json:"valid"`
	Errors   []finding `json:"errors"`
	Warnings []finding `json:"warnings"`
}

type finding struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	What    string `json:"what"`
	Meant   string `json:"did_you_mean,omitempty"`
	Allowed string `json:"allowed,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

func validateJSON(env *config.Env, path string, c *config.Config, err error) int {
	answer := validation{File: path, Valid: err == nil, Errors: []finding{}, Warnings: []finding{}}
	var faults *config.Problems
	if err != nil && !errors.As(err, &faults) {
		return failConfig(env, path, err)
	}
	if faults != nil {
		answer.Errors = findings(faults.List)
	}
	if c != nil {
		answer.Warnings = findings(c.Warnings)
	}
	if code := env.JSON(answer); code != config.ExitOK || err == nil {
		return code
	}
	return config.ExitConfig
}

func findings(list []config.Problem) []finding {
	all := make([]finding, 0, len(list))
	for _, p := range list {
		all = append(all, finding{p.Line, p.Col, p.What, p.Meant, p.Allowed, p.Hint})
	}
	return all
}

// failConfig prints why a configuration cannot be used.
func failConfig(env *config.Env, path string, err error) int {
	var faults *config.Problems
	if errors.As(err, &faults) {
		env.Say("%s (exit %d)", faults.Error(), config.ExitConfig)
		return config.ExitConfig
	}
	if errors.Is(err, fs.ErrNotExist) {
		return env.Fail(config.ExitConfig, fmt.Errorf("there is no configuration %s", path),
			fmt.Sprintf("`gateway config init --output %s` writes one that runs as it is", path))
	}
	return env.Fail(config.ExitConfig, err)
}

func configShow() config.Command {
	var asJSON bool
	return config.Command{
		Path: "config show", Group: groupConfig, Args: "[FILE]", MaxArgs: 1,
		Short: "Print what a configuration comes to, defaults included",
		Long: `Relative paths are made whole, and a secret that stands in the file is hidden.
Without FILE: gateway.toml.`,
		Examples: `gateway config show gateway.toml
gateway config show --json gateway.toml`,
		Flags: func(f *config.Flags) { jsonFlag(f, &asJSON) },
		Run: func(_ context.Context, env *config.Env, args []string) int {
			path := fileArg(args)
			c, err := config.Load(path)
			if err != nil {
				return failConfig(env, path, err)
			}
			if asJSON {
				return env.JSON(c.Tree())
			}
			return env.Print(c.Show())
		},
	}
}

func fileArg(args []string) string {
	if len(args) == 0 {
		return defaultConfigFile
	}
	return args[0]
}

// jsonFlag declares --json, the same for every command that reads.
func jsonFlag(f *config.Flags, v *bool) {
	f.BoolVar(v, "json", false, "print JSON for programs instead of text for people")
}
