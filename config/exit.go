package config

import (
	"fmt"
	"strings"
)

// Exit codes of every command. They are part of the contract: a code may be
// added, none changes its meaning.
const (
	ExitOK          = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitConfig      = 3
	ExitNotFound    = 4
	ExitUnreachable = 5
	ExitTimeout     = 6
	ExitCheck       = 7
	ExitRefused     = 8
	ExitCommit      = 70
	ExitLocked      = 75
	ExitInterrupted = 130
)

// exitMeanings explains the codes in the order in which help prints them.
var exitMeanings = []struct {
	code    int
	meaning string
}{
	{ExitOK, "ok"},
	{ExitFailure, "failure that none of the codes below names"},
	{ExitUsage, "wrong usage: unknown command, flag or argument"},
	{ExitConfig, "configuration or secret missing or invalid; nothing was applied"},
	{ExitNotFound, "no such session, market, order or record"},
	{ExitUnreachable, "the gateway does not answer"},
	{ExitTimeout, "timed out waiting for an answer"},
	{ExitCheck, "a check failed: what was verified is not as it should be"},
	{ExitRefused, "refused: by the gateway, or by a rule that keeps you safe"},
	{ExitCommit, "a commit to the database failed; the gateway stopped and said nothing"},
	{ExitLocked, "another gateway holds the data directory"},
	{ExitInterrupted, "interrupted"},
}

// ExitCodes is the text of `help exit-codes`.
func ExitCodes() string {
	var b strings.Builder
	b.WriteString("Exit codes (stable; scripts may rely on them)\n\n")
	for _, e := range exitMeanings {
		fmt.Fprintf(&b, "%5d  %s\n", e.code, e.meaning)
	}
	return b.String()
}
