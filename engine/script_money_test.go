package engine

import (
	"bytes"
	"fmt"
	"testing"

	"backstop/perp"
	"backstop/quoting"
	"backstop/risk"
)

// money reads the commands of the desk and the requests about money.
func (s *script) money(f []string) perp.Command {
	op := func(key string) perp.Operator { return perp.Operator{Key: key, By: "desk"} }
	switch f[0] {
	case "withdraw": // withdraw alice 100 key [market [fund]]
		w := perp.Withdraw{Operator: op(f[3]), Account: f[1], Amount: must(perp.ParseMoney(f[2]))}
		if len(f) > 4 {
			w.Symbol = f[4]
		}
		if len(f) > 5 {
			w.Fund = f[5]
		}
		return w
	case "pay": // a deposit that is answered
		return perp.Deposit{Account: f[1], Amount: must(perp.ParseMoney(f[2])), Key: f[3], By: "desk"}
	case "mode": // mode BTC-PERP halted key
		mode, known := map[string]perp.MarketMode{
			"normal": perp.ModeNormal, "reduce-only": perp.ModeReduceOnly, "halted": perp.ModeHalted, "expired": perp.ModeExpired,
		}[f[2]]
		if !known {
			mode = 99
		}
		return perp.SetMarket{Operator: op(f[3]), Symbol: f[1], Mode: mode}
	case "bust": // bust T-1 key
		return perp.BustTrade{Operator: op(f[2]), TradeID: f[1]}
	case "two-persons":
		return Configure{TwoPerson: TwoPerson{Within: 3_600 * perp.Second}}
	case "one-person":
		return Configure{}
	case "propose-bust": // propose-bust T-1 key
		kind, payload := Encode(perp.BustTrade{Operator: perp.Operator{Key: "k" + f[2], By: "ann", Reason: "wrong price"}, TradeID: f[1]})
		return perp.ProposeChange{Operator: op(f[2]), Person: "ann", Command: kind, Payload: payload}
	case "approve": // approve 1 key
		return perp.ApproveChange{Operator: op(f[2]), Person: "bert", Proposal: s.number(f[1])}
	case "stop-withdrawals":
		return perp.StopWithdrawals{Operator: op(f[1])}
	case "reopen":
		return perp.OpenWithdrawals{Operator: op(f[1])}
	case "collateral":
		return perp.RequestCollateral{Origin: perp.Origin{Session: f[1]}, Account: f[1]}
	case "trades":
		return perp.RequestTrades{Origin: perp.Origin{Session: f[1]}, Account: f[1]}
	}
	return s.session(f)
}

// aside is what is no command of the engine: what the script shows.
func (s *script) aside(f []string) (text string, done bool) {
	switch f[0] {
	case "quiet":
		s.quiet = true
	case "terse":
		s.terse = true
	case "stating":
		s.stating = true
	case "balances":
		var cash, claims perp.Money
		for _, b := range s.e.state.Ledger.Balances() {
			if b.Account.Name == perp.Claim {
				claims += b.Amount
			} else {
				cash += b.Amount
			}
			if b.Amount != 0 {
				text += fmt.Sprintf("  %-8s %-20s %s\n", b.Account.Owner, b.Account, b.Amount)
			}
		}
		text += fmt.Sprintf("  cash sums to %s, claims to %s\n", cash, claims)
	default:
		return "", false
	}
	return text, true
}

// wild is a market that believes every price at once, so that scripts can jump:
// everything that protects from jumps is off, everything about money is on.
func (s *script) wild(symbol string) perp.Command {
	q := trusting(quoting.DefaultParams())
	q.ShortSpan, q.IndexSpan = perp.Second, perp.Second
	q.GoodTicks, q.GoodSpan, q.HaltTravel, q.JumpSigmas, q.JumpFloor = 1, 0, perp.RatioOne, 100*perp.RatioOne, perp.RatioOne
	q.WideAge, q.ReduceAge, q.HaltAge = 7200*perp.Second, 7200*perp.Second, 7200*perp.Second
	q.VolMultiple, q.VolFast = 0, perp.Second
	q.FundingSpan = 60 * perp.Second
	l := risk.DefaultMarketLimits()
	l.TakerFee, l.SizePremium = 0, 0
	return Configure{Markets: []MarketSpec{{
		Instrument: perp.Instrument{
			Symbol: symbol, Currency: "USDC", Tick: perp.PriceOne / 100, Lot: perp.SizeOne / 100, MinSize: perp.SizeOne / 100,
			MaxSize: 10_000 * perp.SizeOne,
		},
		Quoting: q, Limits: l,
	}}}
}

// showMoney prints events about money in one line.
func (s *script) showMoney(ev perp.Event) string {
	switch ev := ev.(type) {
	case perp.OperatorAnswered:
		if !ev.Verdict.OK() {
			return fmt.Sprintf("refused %s %s", ev.Verdict.Reject, ev.Verdict.Detail)
		}
		return "done: " + ev.Text
	case perp.TradeBusted:
		why := ""
		if ev.Why != "" {
			why = " by " + ev.By + ": " + ev.Why
		}
		return fmt.Sprintf("busted %s%s: %s at %s, fee %s, realised changes by %s | %s", ev.TradeID, why, ev.Size, ev.Price, ev.Fee, ev.Realised, order1(ev.Order))
	case perp.Settled:
		return fmt.Sprintf("settled %s claim %s cash %s deferred %s", ev.Account, ev.Claim, ev.Cash, ev.Deferred)
	case perp.FundingPaid:
		return fmt.Sprintf("funding %s %s gets %s at %s a day", ev.FundingID, ev.Account, ev.Payment, ev.Rate)
	case perp.MarginCalled:
		if ev.Lifted {
			return "margin call of " + ev.Account + " lifted"
		}
		return fmt.Sprintf("margin call of %s: has %s, needs %s", ev.Account, ev.Equity, ev.Required)
	case perp.LiquidationChanged:
		return fmt.Sprintf("liquidation of %s active %v: has %s, needs %s", ev.Account, ev.Active, ev.Equity, ev.Required)
	case perp.Bankrupted:
		return fmt.Sprintf("bankrupt %s owes %s: insurance %s, maker %s, socialised %s, open %s", ev.Account, ev.Loss, ev.Insurance, ev.Maker, ev.Socialised, ev.Open)
	case perp.LossShared:
		return fmt.Sprintf("loss shared: %s bears %s", ev.Account, ev.Amount)
	case perp.Deleveraged:
		return fmt.Sprintf("deleveraged %s against %s: %s at %s", ev.Account, ev.Against, ev.Size, ev.Price)
	case perp.MarketExpired:
		return fmt.Sprintf("expired %s at %s (fair %s): claims %s, cash %s, deferred %s", ev.Symbol, ev.Price, ev.Fair, ev.Claims, ev.Cash, ev.Deferred)
	case perp.WithdrawalsStopped:
		return fmt.Sprintf("withdrawals stopped %v", ev.Stopped)
	case perp.CollateralReported:
		v := ev.View
		return fmt.Sprintf("collateral %s cash %s claims %s unrealised %s initial %s free %s withdrawable %s", v.Account, v.Cash, v.Claims, v.Unrealised, v.Initial, v.Free, v.Withdrawable)
	case perp.TradesReported:
		text := fmt.Sprintf("trades %s %d", ev.Account, len(ev.Trades))
		for _, v := range ev.Trades {
			if v.Busted {
				text += ", " + v.TradeID + " busted"
			}
		}
		return text
	}
	return showSession(ev)
}

// TestRefusalsChangeNothing: a command of the desk that is refused leaves the
// state as it was, but for its number and time.
func TestRefusalsChangeNothing(t *testing.T) {
	s := opened(t)
	s.run("order alice a1 side=buy size=1")
	s.run("pay alice 10 used")
	for _, line := range []string{
		"pay alice 10 used", "pay nobody 10 k1", "pay alice 0 k2", "pay alice -1 k3", "pay maker 10 k4", "pay outside 10 k5",
		"withdraw alice 10 used", "withdraw nobody 10 k6", "withdraw alice 0 k7", "withdraw alice 99000 k8", "withdraw alice 5000000 k9",
		"withdraw alice 10 k10 BTC-PERP", "withdraw maker 10 k11 NONE-PERP", "withdraw maker 99999999 k12 BTC-PERP",
		"withdraw maker 10 k13 BTC-PERP pocket", "withdraw maker 10 k14 BTC-PERP insurance",
		"mode NONE-PERP halted k15", "mode BTC-PERP sideways k17", "mode BTC-PERP expired k18",
		"mode BTC-PERP halted used", "reopen used", "stop-withdrawals used", "kick nobody k16", "disable alice used",
		"bust T-99 k19", "bust O-1 k20", "bust T-1 used",
	} {
		before := s.e.state
		snapshot := s.e.Snapshot()
		n := len(s.journal)
		s.run(line)
		refused := false
		for _, ev := range s.journal[n].Events {
			a, ok := ev.(perp.OperatorAnswered)
			refused = refused || ok && !a.Verdict.OK()
			if !ok {
				t.Errorf("%s: %s happened", line, ev.Kind())
			}
		}
		if !refused {
			t.Errorf("%s was not refused", line)
		}
		s.e.state.Seq, s.e.state.Now = before.Seq, before.Now
		if !bytes.Equal(snapshot, s.e.Snapshot()) {
			t.Errorf("%s changed the state", line)
		}
	}
}
