package engine

import (
	"fmt"
	"strconv"

	"backstop/perp"
)

var (
	orderTypes = map[string]perp.OrderType{
		"": perp.Market, "market": perp.Market, "limit": perp.Limit, "quoted": perp.PreviouslyQuoted, "stop": perp.Stop, "stop_limit": perp.StopLimit,
	}
	tifWords = map[string]perp.TimeInForce{"": perp.IOC, "ioc": perp.IOC, "fok": perp.FOK, "gtc": perp.GTC, "gtd": perp.GTD}
)

// conditions reads what an order asks for beyond its terms: for=500 (ms), min=,
// post=yes, tied=yes, reduce=yes|close, stop=, trigger=, slippage= (basis points).
func (s *script) conditions(k map[string]string) perp.Conditions {
	c := perp.Conditions{
		MinSize: must(perp.ParseSize(or(k["min"], "0"))), PostOnly: k["post"] == "yes", Tied: k["tied"] == "yes",
		Reduce:   map[string]perp.Reduction{"yes": perp.Reducing, "close": perp.Closing}[k["reduce"]],
		Stop:     must(perp.ParsePrice(or(k["stop"], "0"))),
		Trigger:  map[string]perp.TriggerPrice{"oracle": perp.TriggerOracle, "mark": perp.TriggerMark, "maker": perp.TriggerMaker}[k["trigger"]],
		Slippage: perp.Ratio(s.number(or(k["slippage"], "0"))) * perp.BP,
	}
	if k["for"] != "" {
		c.Expires = s.now + perp.Time(s.number(k["for"]))*perp.Millisecond
	}
	return c
}

func (s *script) number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// mass reads: mass|orders who id [symbol=] [side=].
func (s *script) mass(f []string) perp.Command {
	s.msg++
	o := perp.Origin{Session: f[1], InSeq: s.msg, Arrival: s.now, Sent: s.now}
	k, scope := words(f[3:]), perp.ScopeAll
	if k["symbol"] != "" {
		scope = perp.ScopeMarket
	}
	side := map[string]perp.Side{"buy": perp.Buy, "sell": perp.Sell}[k["side"]]
	if f[0] == "mass" {
		return perp.CancelOrders{Origin: o, ClOrdID: f[2], Scope: scope, Symbol: k["symbol"], Side: side}
	}
	return perp.RequestOrders{Origin: o, ReqID: f[2], Scope: scope, Account: k["account"], Symbol: k["symbol"], Side: side}
}

func (s *script) showOrders(ev perp.Event) string {
	switch ev := ev.(type) {
	case perp.OrderTriggered:
		return fmt.Sprintf("triggered at %s %s", ev.Price, order1(ev.Order))
	case perp.OrdersCanceled:
		return fmt.Sprintf("mass %s: %d ended %s", ev.ClOrdID, ev.Count, ev.Verdict.Reject)
	case perp.OrdersReported:
		text := fmt.Sprintf("orders %s %s", ev.ReqID, ev.Verdict.Reject)
		for _, o := range ev.Orders {
			text += "\n  " + order1(o)
		}
		return text
	}
	return s.showMoney(ev)
}

func clipped(c perp.OrderCanceled) (text string) {
	if c.Clipped != 0 {
		text = " clipped " + c.Clipped.String()
	}
	if c.Detail != "" {
		text += " (" + c.Detail + ")"
	}
	return text
}
