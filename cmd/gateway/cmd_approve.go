package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"backstop/config"
	"backstop/engine"
	"backstop/perp"
)

const approvePath = "desk approve"

// Sizes of a token in characters.
const (
	tokenMin = 32 // 128 bits in hex
	tokenMax = 1024
)

// deskApprove is the second person's word.
func deskApprove() config.Command {
	var o deskOptions
	c := o.command(deskTexts{
		approvePath, "Do what another person has proposed",
		"N is the number that --propose was answered with; audit list shows what was\nproposed. Refused (exit 8): your own proposal, one that has expired, one that\nis done, or one before admin.approve_after.",
		"gateway market resume BTC-PERP --propose --reason \"feed is back\"\ngateway desk approve 3 --token-file ~/.gateway-token",
	}, "N", nil, func(args []string) { o.c.Kind = perp.ApproveChange{}.Kind() })
	run := c.Run
	c.Run = func(ctx context.Context, env *config.Env, args []string) int {
		n, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil || n < 1 {
			return env.Fail(config.ExitUsage, fmt.Errorf("%q is no number of a proposal", args[0]))
		}
		o.c.Proposal = n
		return run(ctx, env, args)
	}
	return c
}

// readToken reads the person's token from a file that nobody else may read.
func (o *deskOptions) readToken() (err error) {
	if o.token == "" {
		return nil
	}
	f, err := os.Open(o.token)
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	defer f.Close() // Only read.
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("token: %s has mode %s; others must not read it", o.token, info.Mode())
	}
	text, err := io.ReadAll(io.LimitReader(f, tokenMax+1))
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	o.c.Token = strings.TrimSpace(string(text))
	if len(text) > tokenMax || len(o.c.Token) < tokenMin {
		return fmt.Errorf("token: %s does not hold %d to %d characters", o.token, tokenMin, tokenMax)
	}
	return nil
}

// twoPerson turns what the configuration says of approvals into the engine's words.
func twoPerson(a config.Admin) engine.TwoPerson {
	if !a.TwoPerson {
		return engine.TwoPerson{}
	}
	return engine.TwoPerson{After: perp.Time(a.ApproveAfter), Within: perp.Time(a.ApproveWithin)}
}

// persons are the people of the desk by the hash of their token, which the
// configuration has checked.
func persons(a config.Admin) map[[sha256.Size]byte]string {
	all := map[[sha256.Size]byte]string{}
	for _, p := range a.Persons {
		var sum [sha256.Size]byte
		if n, err := hex.Decode(sum[:], []byte(strings.TrimPrefix(p.TokenHash, "sha256:"))); err == nil && n == len(sum) {
			all[sum] = p.Name
		}
	}
	return all
}
