package main

import (
	"fmt"
	"strings"

	"backstop/ops"
)

// providersText lists what liquidity providers quote in a market, one quote a line.
func providersText(b *strings.Builder, all []ops.Provider) {
	if len(all) == 0 {
		return
	}
	b.WriteString("\nquotes of liquidity providers\n")
	for _, p := range all {
		fmt.Fprintf(b, "  %s, session %s, quote %s\n", p.Account, p.Session, p.QuoteID)
		if p.Frozen {
			fmt.Fprintf(b, "    stopped by its protection until %s\n", thaw(p))
		}
		for _, q := range p.Quotes {
			word := "bid"
			if q.Side == "sell" {
				word = "offer"
			}
			fmt.Fprintf(b, "    %-5s %16s x %-14s %s until %s\n", word, q.Price, q.Size, q.Entry, q.Until)
		}
	}
}

// thaw is what ends a protection that has acted.
func thaw(p ops.Provider) string {
	if p.Thaw != "" {
		return p.Thaw
	}
	return "the client (22090=Y) or the desk (session reset-protection) ends it"
}

// providersLine says in few words who quotes to the maker in a market.
func providersLine(all []ops.Provider) string {
	quotes, stopped := 0, 0
	for _, p := range all {
		quotes += len(p.Quotes)
		if p.Frozen {
			stopped++
		}
	}
	line := fmt.Sprintf("liquidity providers: %d, quotes: %d", len(all), quotes)
	if stopped > 0 {
		line += fmt.Sprintf(", stopped by their protection: %d", stopped)
	}
	return line
}
