package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"backstop/config"
)

// caMax is the largest file of CAs that goes into a pack.
const caMax = 1 << 20

// packOptions are the flags of session pack.
type packOptions struct{ config, connect, portsFile, ca, dialect, out string }

func sessionPack() config.Command {
	var o packOptions
	return config.Command{
		Path: "session pack", Group: groupDesk, Args: "SESSION", MinArgs: 1, MaxArgs: 1,
		Short: "Write what a client needs to connect, without secrets",
		Long: `Host and CompIDs, the CA, data dictionaries, rules of engagement, settings for
QuickFIX/Go, /J, /n and C++, and a profile of the bundled client, from the
configuration. --out takes a new folder, or a new file that ends in .zip;
without it the zip goes to standard output. The same configuration gives the
same bytes. Passwords and keys are never in it: give those another way.`,
		Examples: `gateway session pack ACME > acme.zip
gateway session pack ACME --connect fix.desk.example:9878 --out acme`,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.config, "config", defaultConfigFile, "configuration `FILE`")
			f.StringVar(&o.connect, "connect", "", "`ADDR` that the client dials, HOST:PORT, if not fix.listen")
			f.StringVar(&o.portsFile, "ports-file", "", "take that from the ports `FILE` of a running gateway")
			f.StringVar(&o.ca, "ca", "", "`FILE` with the CA of our certificate, for the client to trust")
			f.StringVar(&o.dialect, "dialect", dialectStrict, "`DIALECT` that the client will use: STRICT44 or VAMM1")
			f.StringVar(&o.out, "out", "", "new folder, or new `FILE` that ends in .zip")
		},
		Run: func(_ context.Context, env *config.Env, args []string) int { return o.run(env, args[0]) },
	}
}

func (o *packOptions) run(env *config.Env, compID string) int {
	if _, err := isVAMM1(o.dialect); err != nil {
		return env.Fail(config.ExitUsage, err)
	}
	if o.connect != "" && o.portsFile != "" {
		return env.Fail(config.ExitUsage, errors.New("--connect and --ports-file both say where to dial"), "leave one out")
	}
	if f, ok := env.Stdout.(*os.File); o.out == "" && ok && terminal(f) {
		return env.Fail(config.ExitUsage, errors.New("a zip file is nothing for a terminal"), "--out writes a folder or a file")
	}
	cfg, err := config.Load(o.config)
	if errors.Is(err, fs.ErrNotExist) {
		return env.Fail(config.ExitConfig, err, "--config names the file that the gateway runs with")
	}
	if err != nil {
		return env.Fail(config.ExitConfig, err)
	}
	connect := o.connect
	if o.portsFile != "" {
		p, err := readPorts(o.portsFile)
		if err != nil {
			return env.Fail(config.ExitUnreachable, err, "is the gateway running?")
		}
		connect = p.FIX
	}
	ca, err := o.readCA()
	if err != nil {
		return env.Fail(config.ExitUsage, err, "PEM, one or more certificates and nothing else")
	}
	facts, err := factsOf(cfg, compID, connect, o.dialect, ca)
	switch {
	case errors.Is(err, errNoSession):
		return env.Fail(config.ExitNotFound, fmt.Errorf("%s has no session %q", o.config, compID))
	case errors.Is(err, errNoAddress):
		return env.Fail(config.ExitUsage, err, "--connect HOST:PORT says where clients dial")
	case err != nil:
		return env.Fail(config.ExitUsage, err)
	}
	files, err := facts.files()
	if err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	return o.write(env, files)
}

// readCA reads the file of --ca; nil if there is none.
func (o *packOptions) readCA() ([]byte, error) {
	if o.ca == "" {
		return nil, nil
	}
	info, err := os.Stat(o.ca)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > caMax {
		return nil, fmt.Errorf("--ca: %s is not a file of at most %d bytes", o.ca, caMax)
	}
	text, err := os.ReadFile(o.ca)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	if err := certificates(text); err != nil {
		return nil, fmt.Errorf("--ca: %s: %w", o.ca, err)
	}
	return text, nil
}

func (o *packOptions) write(env *config.Env, files []packFile) int {
	if o.out == "" || strings.HasSuffix(o.out, ".zip") {
		text, err := zipped(files)
		if err != nil {
			return env.Fail(config.ExitFailure, err)
		}
		if o.out == "" {
			return env.Bytes(text)
		}
		return createFile(env, o.out, text)
	}
	if err := os.Mkdir(o.out, 0o755); errors.Is(err, fs.ErrExist) {
		return env.Fail(config.ExitRefused, fmt.Errorf("%s exists and is left as it is", o.out), "remove it first, or choose another name")
	} else if err != nil {
		return env.Fail(config.ExitFailure, fmt.Errorf("writing: %w", err))
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(o.out, f.name), f.text, 0o644); err != nil {
			return env.Fail(config.ExitFailure, fmt.Errorf("writing: %w", err))
		}
	}
	env.Say("wrote %s: %d files", o.out, len(files))
	return config.ExitOK
}
