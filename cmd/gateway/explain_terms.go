package main

import (
	"strings"

	"backstop/perp"
)

// asks says in words what an order asks for beyond its terms.
func asks(o perp.Order) string {
	var words []string
	add := func(asked bool, word ...string) {
		if asked {
			words = append(words, strings.Join(word, " "))
		}
	}
	add(o.Stop != 0, "stop", o.Stop.String(), "by the", max(o.Trigger, perp.TriggerOracle).String(), "price")
	add(o.PostOnly, "post-only")
	add(o.Reduce != 0, o.Reduce.String())
	add(o.MinSize != 0, "at least", o.MinSize.String())
	add(o.Slippage != 0, "within", bp(o.Slippage), "bp")
	add(o.Expires != 0, "until", stamp(o.Expires))
	return strings.Join(words, ", ")
}
