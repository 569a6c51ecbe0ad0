package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"backstop/config"
)

func configHashPassword() config.Command {
	return config.Command{
		Path: "config hash-password", Group: groupConfig,
		Short: "Hash a password for a session's secret",
		Long: `Asks for the password twice without showing it, or reads it as the one line of
stdin, and prints its argon2id hash: the key secret of a [[session]] is then
"argon2id:" and that text, or a file that holds it. A password is no argument:
every user of the machine can read a command line.`,
		Examples: `gateway config hash-password
gateway config hash-password < password.txt > acme.secret`,
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			password, code := newPassword(ctx, env)
			if code != config.ExitOK {
				return code
			}
			return env.Print(config.NewHash(password) + "\n")
		},
	}
}

// passwordMax is the longest password that is hashed.
const passwordMax = 1024

// newPassword asks twice at a terminal, and reads one line elsewhere.
func newPassword(ctx context.Context, env *config.Env) (string, int) {
	var password string
	var err error
	if f, ok := env.Stdin.(*os.File); ok && terminal(f) {
		password, err = askTwice(ctx, env)
		if ctx.Err() != nil {
			return "", config.ExitInterrupted
		}
	} else {
		password, err = onlyLine(env.Stdin)
	}
	if err != nil {
		return "", env.Fail(config.ExitFailure, err)
	}
	if password == "" || len(password) > passwordMax || strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", env.Fail(config.ExitUsage, fmt.Errorf("a password is one line of 1 to %d characters", passwordMax))
	}
	return password, config.ExitOK
}

func askTwice(ctx context.Context, env *config.Env) (string, error) {
	first, err := env.AskSecret(ctx, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := env.AskSecret(ctx, "Again: ")
	if err == nil && again != first {
		return "", errors.New("the two are not the same")
	}
	return first, err
}

// onlyLine reads a line that nothing follows.
func onlyLine(r io.Reader) (string, error) {
	in := bufio.NewReader(io.LimitReader(r, passwordMax+3))
	line, err := in.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	if _, err := in.ReadByte(); err == nil {
		return "", errors.New("there is more than one line on stdin")
	}
	return strings.TrimRight(line, "\r\n"), nil
}
