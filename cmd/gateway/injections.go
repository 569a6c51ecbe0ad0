package main

import (
	"backstop/config"
	"backstop/fix"
)

// injected is what is done to the reports of each certification market.
func injected(markets []config.Market) map[string]string {
	all := map[string]string{}
	for _, m := range markets {
		if m.Inject != "none" {
			all[m.Symbol] = m.Inject
		}
	}
	return all
}

// injection is what goes wrong for a session. Of one for which nothing does the
// door is told nothing.
func injection(i config.SessionInject) fix.Inject {
	if i.Latency == fix.LatencyNone && i.Gap+i.Duplicate+i.Refuse == 0 {
		return fix.Inject{}
	}
	return fix.Inject{
		Seed: i.Seed, Latency: i.Latency, Base: i.Base, Spread: i.Spread, Spike: i.Spike,
		Gap: i.Gap, Duplicate: i.Duplicate, Refuse: i.Refuse,
	}
}
