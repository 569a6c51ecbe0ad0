package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"backstop/config"
)

// version is the release; a release build sets it with -ldflags -X.
var version = "development"

// build is what is known of how the binary was made.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
}

func versionCommand() config.Command {
	var asJSON bool
	return config.Command{
		Path: "version", Group: groupMore,
		Short:    "Print the version, the revision and the Go release",
		Examples: "gateway version\ngateway version --json",
		Flags:    func(f *config.Flags) { jsonFlag(f, &asJSON) },
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			b := buildInfo()
			if asJSON {
				return env.JSON(b)
			}
			changed := ""
			if b.Modified {
				changed = " (with changes)"
			}
			return env.Print(fmt.Sprintf("gateway %s, revision %s%s, %s\n", b.Version, b.Revision, changed, b.Go))
		},
	}
}

// buildInfo reads what the Go tool wrote into the binary; `go run` writes no
// revision.
func buildInfo() build {
	b := build{Version: version, Revision: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Go = info.GoVersion
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
