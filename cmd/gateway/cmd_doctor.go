package main

import (
	"context"
	"fmt"
	"strings"

	"backstop/config"
)

func doctorCommand() config.Command {
	var o overrides
	var asJSON bool
	return config.Command{
		Path: "doctor", Group: groupRun,
		Short: "Check configuration, disk, ports, clock and books",
		Long: `Looks at what a gateway needs of its machine, before it is started or while it
runs, and says how to mend what is wrong: the configuration with its secrets,
certificate and feeds; who may read and write the data directory; room on the
disk, and how fast it syncs; the ports; the clock; that the books add up. It
changes nothing, but for a file of its own that it writes, syncs and removes.
Where a gateway runs on the data directory its ports have to be in use, and it
is asked over HTTP whether it is ready.

Exit 0: nothing is wrong, though there may be warnings. Exit 7: a check failed.
ledger verify and db check look at everything in the books.`,
		Examples: `gateway doctor
gateway doctor --config /etc/gateway/gateway.toml --json`,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.config, "config", defaultConfigFile, "configuration `FILE`")
			f.StringVar(&o.dataDir, "data-dir", "", "`DIR` instead of server.data_dir")
			f.StringVar(&o.fix, "fix", "", "`ADDR` instead of fix.listen")
			f.StringVar(&o.http, "http", "", "`ADDR` instead of server.dashboard")
			jsonFlag(f, &asJSON)
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			d := doctor{machine: thisMachine()}
			if err := d.examine(ctx, o); err != nil {
				return env.Fail(config.ExitUsage, err)
			}
			if ctx.Err() != nil {
				return config.ExitInterrupted
			}
			return d.tell(env, asJSON)
		},
	}
}

// tell prints what was found.
func (d *doctor) tell(env *config.Env, asJSON bool) int {
	warnings, failed := d.count(isWarning), d.count(isFailed)
	var code int
	if asJSON {
		code = env.JSON(map[string]any{"ok": failed == 0, "running": d.running, "warnings": warnings, "failed": failed, "checks": d.found})
	} else {
		var b strings.Builder
		for _, f := range d.found {
			fmt.Fprintf(&b, "%-8s %-12s %s\n", f.State, f.Check, f.What)
			if f.Hint != "" {
				fmt.Fprintf(&b, "%-8s %-12s hint: %s\n", "", "", f.Hint)
			}
		}
		fmt.Fprintf(&b, "\n%s, %d failed\n", count(warnings, "warning"), failed)
		code = env.Print(b.String())
	}
	if code == config.ExitOK && failed > 0 {
		return config.ExitCheck
	}
	return code
}
