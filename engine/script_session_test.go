package engine

import (
	"fmt"
	"strconv"
	"time"

	"backstop/perp"
	"backstop/risk"
)

// session reads the commands about FIX sessions: what happens to them and what
// the desk does.
func (s *script) session(f []string) perp.Command {
	number := func(i int) int64 {
		if len(f) <= i {
			return 0
		}
		return must(strconv.ParseInt(f[i], 10, 64))
	}
	verbs := map[string]perp.SessionVerb{}
	for _, v := range perp.SessionVerbs() {
		verbs[v.String()] = v
	}
	switch f[0] {
	case "shared": // shared pool alice bob: an account that several sessions use
		return Configure{Accounts: []risk.Account{{Name: f[1], Sessions: f[2:], Limits: risk.DefaultLimits()}}}
	case "session": // session alice 2s [keep]: the gateway starts with this session and its grace
		grace := must(time.ParseDuration(f[2]))
		return Configure{Sessions: []SessionSpec{{Name: f[1], Cancel: len(f) < 4, Grace: perp.Time(grace)}}}
	case "restart":
		return Configure{}
	case "logon": // logon alice [keep]
		return perp.SessionStarted{Session: f[1], Cancel: len(f) < 3}
	case "logout": // logout alice [keep]
		return perp.SessionEnded{Session: f[1], At: s.now, Cancel: len(f) < 3}
	case "enable", "disable", "kick", "set_seq", "reset_seq": // kick alice key [in [out]]
		return perp.SteerSession{
			Operator: perp.Operator{Key: f[2], By: "desk", Reason: "drill"}, Session: f[1], Verb: verbs[f[0]], In: number(3), Out: number(4),
		}
	case "reset_protection": // reset_protection lp key [market]
		c := perp.SteerSession{Operator: perp.Operator{Key: f[2], By: "desk"}, Session: f[1], Verb: perp.ResetProtection}
		if len(f) > 3 {
			c.Symbol = f[3]
		}
		return c
	}
	s.t.Fatalf("unknown command %q", f[0])
	return nil
}

func showSession(ev perp.Event) string {
	if ev, ok := ev.(perp.SessionSteered); ok {
		return fmt.Sprintf("steered %s %s in %d out %d by %s: %s", ev.Session, ev.Verb, ev.In, ev.Out, ev.By, ev.Reason)
	}
	return ""
}
