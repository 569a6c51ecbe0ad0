package config

import (
	"fmt"
	"strings"
	"time"
)

// SessionInject is what goes wrong for a session on purpose, so that a client's
// team can see what theirs does then. Only a certification configuration has it;
// see fix.Inject.
type SessionInject struct {
	// Seed makes the decisions repeatable.
	Seed int `toml:"seed" min:"0" max:"9223372036854775807"`
	// Latency is how long what the session is told waits: Base, and Spread more or
	// less, as the word says; of spikes every Spike-th message or so.
	Latency string        `toml:"latency" oneof:"none|fixed|range|normal|spikes"`
	Base    time.Duration `toml:"base" min:"0s" max:"10s"`
	Spread  time.Duration `toml:"spread" min:"0s" max:"10s"`
	Spike   int           `toml:"spike_each" min:"1" max:"1000000"`
	// Of so many reports one is numbered and not sent, or sent twice; of so many
	// requests one is refused as if the gateway were full; 0: none.
	Gap       int `toml:"gap_each" min:"0" max:"1000000"`
	Duplicate int `toml:"duplicate_each" min:"0" max:"1000000"`
	Refuse    int `toml:"refuse_each" min:"0" max:"1000000"`
}

// injectNone means that nothing is done to the reports of a market.
const injectNone = "none"

// defaultSpike is of how many messages one is late when latencies have spikes.
const defaultSpike = 100

func (i *SessionInject) setDefaults() {
	*i = SessionInject{Seed: 1, Latency: "none", Spike: defaultSpike}
}

// injections keeps faults that are made on purpose where nobody deals for money:
// each market that has one is a certification market, and so are all if a session
// has one.
func (k *checker) injections() {
	const hint = "only a configuration of certification markets may have faults made on purpose"
	none := SessionInject{}
	none.setDefaults()
	certified := len(k.c.Markets) > 0
	for i, m := range k.c.Markets {
		is := strings.HasPrefix(m.Symbol, certPrefix)
		certified = certified && is
		if path := fmt.Sprintf("market[%d].inject", i); m.Inject != injectNone && !is && !k.atFault(path) {
			k.faultKey(path, Problem{What: fmt.Sprintf("%s is no certification market: nothing can be injected there", m.Symbol), Hint: hint})
		}
	}
	for i, s := range k.c.Sessions {
		path := fmt.Sprintf("session[%d].inject", i)
		if s.Inject != none && !certified && !k.atFault(path) {
			k.faultKey(path, Problem{What: fmt.Sprintf("session %s has injected faults, but the markets are no certification markets", s.CompID), Hint: hint})
		}
		if s.Inject.Latency == "none" && (s.Inject.Base > 0 || s.Inject.Spread > 0) && !k.atFault(path+".latency") {
			k.faultKey(path, Problem{What: "base and spread say nothing without a latency", Allowed: "latency = fixed, range, normal or spikes"})
		}
	}
}
