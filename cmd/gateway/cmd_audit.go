package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"backstop/config"
	"backstop/engine"
	"backstop/perp"
	"backstop/store"
)

// auditLine is one command of the desk for people and programs.
type auditLine struct {
	N       int64           `json:"n"`
	Seq     int64           `json:"seq"`
	Time    string          `json:"time"`
	By      string          `json:"by"`
	What    string          `json:"what"`
	Why     string          `json:"reason,omitempty"`
	Key     string          `json:"key"`
	Done    bool            `json:"done"`
	Verdict string          `json:"verdict"`
	Command json.RawMessage `json:"command"`
}

func auditList() config.Command {
	var o booksOptions
	newest := 100
	return config.Command{
		Path: "audit list", Group: groupBooks,
		Short: "List what the desk did: who, what, why, how it ended",
		Long: "Reads the journal: each row was written in the same transaction as what the\n" +
			"command did. Refused commands are in it too, and connections that the FIX port\n" +
			"turned away: one row a minute for those that are alike, by guard.",
		Examples: "gateway audit list\ngateway audit list --last 0 --json",
		Flags: func(f *config.Flags) {
			o.flags(f)
			f.IntVar(&newest, "last", 100, "how many of the newest; 0: all")
		},
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				all := []auditLine{}
				err := r.Audit(func(a store.AuditRow) error {
					line, err := auditLineOf(a)
					all = append(all, line)
					if newest > 0 && len(all) > newest {
						all = all[1:]
					}
					return err
				})
				if err != nil {
					return 0, err
				}
				return showAudit(env, o.asJSON, all), nil
			})
		},
	}
}

func auditLineOf(a store.AuditRow) (auditLine, error) {
	c, err := engine.Decode(a.Command, a.Payload)
	if err != nil {
		return auditLine{}, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	line := auditLine{
		N: a.N, Seq: a.Seq, Time: stamp(a.Time), By: a.By, Key: a.Key, Done: a.Verdict == "", Verdict: a.Verdict, Command: a.Payload,
	}
	if line.Done {
		line.Verdict = a.Text
	}
	line.What, line.Why = deskWords(c)
	return line, nil
}

// deskWords says what a command of the desk asks for, as it is typed, and why.
func deskWords(c perp.Command) (what, why string) {
	var words []string
	switch c := c.(type) {
	case perp.Deposit:
		words, why = []string{"account deposit", c.Account, c.Symbol, c.Fund, c.Amount.String()}, c.Reason
	case perp.Withdraw:
		words, why = []string{"account withdraw", c.Account, c.Symbol, c.Fund, c.Amount.String()}, c.Reason
	case perp.OpenWithdrawals:
		words, why = []string{"account resume-withdrawals"}, c.Reason
	case perp.ProposeChange:
		if inner, err := engine.Decode(c.Command, c.Payload); err == nil {
			what, _ = deskWords(inner)
		}
		words, why = []string{"propose:", what}, c.Reason
	case perp.ApproveChange:
		words, why = []string{"desk approve", fmt.Sprint(c.Proposal)}, c.Reason
	case perp.StopWithdrawals:
		words, why = []string{"account stop-withdrawals"}, c.Reason
	case perp.BustTrade:
		words, why = []string{"trade bust", c.TradeID}, c.Reason
	case perp.SetMarket:
		words, why = []string{"market", typed(c.Mode), c.Symbol}, c.Reason
	case perp.SteerSession:
		words, why = []string{"session", typed(c.Verb), c.Session}, c.Reason
		if c.Verb == perp.SetNumbers {
			words = append(words, fmt.Sprintf("in %d out %d", c.In, c.Out))
		}
		if c.Symbol != "" {
			words = append(words, "--symbol", c.Symbol)
		}
	case perp.LogonsRefused:
		words, why = []string{"logon", c.Session}, c.Reason
		if c.Addr != "" {
			words = append(words, "from", c.Addr)
		}
	default:
		words = []string{c.Kind()}
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " "), why
}

// typed is a word of the journal as it stands on a command line.
func typed(word fmt.Stringer) string { return strings.ReplaceAll(word.String(), "_", "-") }

func showAudit(env *config.Env, asJSON bool, all []auditLine) int {
	if asJSON {
		return env.JSON(all)
	}
	var text strings.Builder
	for _, a := range all {
		ended := a.Verdict
		if !a.Done {
			ended = "refused: " + ended
		}
		fmt.Fprintf(&text, "%s  %-16s %s -> %s", a.Time, a.By, a.What, ended)
		if a.Why != "" {
			fmt.Fprintf(&text, " (%s)", a.Why)
		}
		text.WriteString("\n")
	}
	return env.Print(text.String())
}

func auditVerify() config.Command {
	var o booksOptions
	return config.Command{
		Path: "audit verify", Group: groupBooks,
		Short: "Recompute the audit's hash chain; exit 7 on a difference",
		Long: "Checks the hash chain of the journal from its first row, that every command of\n" +
			"the desk in it was answered once, and that the list of them is what it says.",
		Examples: "gateway audit verify --data-dir gateway-data\ngateway audit verify --json",
		Flags:    o.flags,
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				commands, found, err := r.VerifyAudit()
				if err != nil {
					return 0, err
				}
				return showAuditCheck(env, o.asJSON, commands, found), nil
			})
		},
	}
}

func showAuditCheck(env *config.Env, asJSON bool, commands int64, found []store.Difference) int {
	return showFound(env, asJSON, found, map[string]any{"commands": commands}, "the audit differs in %d places",
		fmt.Sprintf("the audit is whole: %d commands of the desk, 0 differences\n", commands))
}
