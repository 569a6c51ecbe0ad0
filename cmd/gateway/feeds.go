package main

import (
	"fmt"

	"backstop/config"
	"backstop/oracle"
	"backstop/perp"
)

// openFeeds makes a source of prices for each feed of the configuration. A file
// is read through first, so that a bad one is refused before anything starts.
func openFeeds(cfg *config.Config) ([]oracle.Feed, error) {
	feeds := make([]oracle.Feed, 0, len(cfg.Feeds))
	for _, f := range cfg.Feeds {
		speed := float64(f.Speed) / float64(perp.RatioOne)
		markets := make([]oracle.SyntheticMarket, 0, len(f.Symbols))
		for _, s := range f.Symbols {
			markets = append(markets, oracle.SyntheticMarket{Symbol: s, Start: f.Start[s]})
		}
		switch f.Kind {
		case "scripted":
			feeds = append(feeds, oracle.NewScripted(oracle.ScriptedOptions{Script: f.Script, Markets: markets}))
			continue
		case "synthetic":
			feeds = append(feeds, oracle.NewSynthetic(oracle.SyntheticOptions{Seed: int64(f.Seed), Speed: speed, Markets: markets}))
			continue
		}
		if len(f.Symbols) != 1 {
			return nil, fmt.Errorf("feed %s: a file prices one market, not %d", f.Path, len(f.Symbols))
		}
		if _, err := oracle.Check(f.Path); err != nil {
			return nil, err
		}
		feed, _, err := oracle.OpenFile(f.Path, oracle.FileOptions{Symbol: f.Symbols[0], Speed: speed})
		if err != nil {
			return nil, err
		}
		feeds = append(feeds, feed)
	}
	return feeds, nil
}
