package fix

import (
	"strings"
	"testing"

	"backstop/perp"
)

const coin = perp.Money(1_000_000) // one unit of the quote currency

// liquidation is an order that the gateway made to close a position.
func liquidation() perp.Order {
	o := filledOrder("100")
	o.OrderID, o.ClOrdID, o.First, o.QuoteID, o.Side, o.Type, o.TIF, o.Price = "LIQ-77", "", "", "", perp.Sell, perp.Market, perp.IOC, 0
	o.Size, o.Liquidation, o.Status = size("100"), true, perp.FullyFilled
	return o
}

func slice(s perp.OrderStatus, cum string) perp.Order {
	o := liquidation()
	o.Cum, o.Paid, o.Status = size(cum), perp.Wide{}.Plus(price("139.2"), size(cum)), s
	return o
}

var clientCash = perp.LedgerAccount{Owner: "ACME-MAIN", Name: perp.Cash}

func posted(reason perp.TransferReason, debit, credit perp.LedgerAccount, ref string) perp.Posted {
	return perp.Posted{Transfer: perp.Transfer{ID: 9, Debit: debit, Credit: credit, Amount: 5 * coin, Reason: reason, Ref: ref}}
}

func testCollateral() perp.CollateralView {
	return perp.CollateralView{
		Account: "ACME-MAIN", Cash: 1000 * coin, Claims: -20 * coin, Unrealised: -100 * coin, Equity: 880 * coin, Counted: 870 * coin,
		Initial: 2000 * coin, Maintenance: 1000 * coin, Free: -1130 * coin, Withdrawable: 0, Liquidating: true,
	}
}

func testTrades() []perp.TradeView {
	one := perp.TradeView{
		ExecID: "E-3", TradeID: "T-9001", OrderID: "O-55", ClOrdID: "C-1002", Account: "ACME-MAIN", Symbol: "SOL-PERP", Side: perp.Buy,
		Price: price("150.03"), Size: size("250"), Fee: 7_500_000, Time: testTime,
	}
	other := one
	other.ExecID, other.TradeID, other.OrderID, other.ClOrdID, other.Side, other.Liquidation = "E-42", "T-77", "LIQ-77", "", perp.Sell, true
	return []perp.TradeView{one, other}
}

func bustedTrade() perp.TradeView {
	v := testTrades()[0]
	v.Busted = true
	return v
}

const hourly = 3600 * perp.Second

func index(whole, part int64) perp.FundingIndex { return perp.FundingIndex{Whole: whole, Part: part} }

// accountEvents has one event for every form of every message that is about an
// account.
func accountEvents() []named {
	own := ended(testOrder(), perp.Canceled)
	return []named{
		{"er_own_canceled", perp.OrderCanceled{ExecID: "E-40", Order: own, Reason: perp.LiquidationCancel}},
		{"er_liquidation_new", perp.OrderAccepted{ExecID: "E-41", Order: slice(perp.New, "0")}},
		{"er_liquidation", perp.Filled{ExecID: "E-42", TradeID: "T-77", Order: slice(perp.FullyFilled, "100"), Price: price("139.2"), Size: size("100"), Fee: 34_800_000, Liquidity: perp.Removed, Oracle: testOracle}},
		{"er_liquidation_rest", perp.OrderCanceled{ExecID: "E-43", Order: slice(perp.Canceled, "40"), Reason: perp.IOCRemainder}},
		{"funding_paid", perp.FundingPaid{FundingID: "F-12", Account: "ACME-MAIN", Symbol: "SOL-PERP", Size: size("250"), Payment: -4_690_000, Rate: 125, Every: hourly, Booked: 125_066_666, Long: index(3, 18_760_000_000), Short: index(2, 0)}},
		{"funding_received", perp.FundingPaid{FundingID: "F-13", Account: "ACME-MAIN", Symbol: "SOL-PERP", Size: -size("250"), Payment: 4_690_000, Rate: 125, Every: hourly, Booked: 125_066_666, Long: index(3, 0), Short: index(2, 18_760_000_000)}},
		{"settle", perp.Settled{SettlementID: "S-880", Account: "ACME-MAIN", Symbol: "SOL-PERP", Claim: -20 * coin, Cash: -20 * coin}},
		{"settle_partly", perp.Settled{SettlementID: "S-881", Account: "ACME-MAIN", Symbol: "SOL-PERP", Claim: 1000 * coin, Cash: 640 * coin, Deferred: 360 * coin}},
		{"settle_short", perp.Settled{SettlementID: "S-882", Account: "ACME-MAIN", Symbol: "BTC-PERP", Claim: -10 * coin, Cash: -4 * coin, Deferred: -6 * coin}},
		{"deposit", posted(perp.DepositMade, perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}, clientCash, "K-1")},
		{"withdrawal", posted(perp.WithdrawalMade, clientCash, perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}, "K-2")},
		{"liquidation_fee", posted(perp.LiquidationFee, clientCash, perp.LedgerAccount{Owner: perp.Maker, Name: perp.Insurance, Symbol: "SOL-PERP"}, "T-77")},
		{"loss_shared", perp.LossShared{LossID: "L-5", Account: "ACME-MAIN", Symbol: "SOL-PERP", Amount: 3 * coin}},
		{"bankrupt", perp.Bankrupted{LossID: "L-5", Account: "ACME-MAIN", Symbol: "BTC-PERP", Loss: 50 * coin, Insurance: 20 * coin, Maker: 10 * coin, Socialised: 15 * coin, Open: 5 * coin}},
		{"expired", perp.MarketExpired{Symbol: "SOL-PERP", Price: price("140"), Fair: price("141.5"), Claims: 10 * coin, Cash: 10 * coin}},
		{"collinqack_refused", perp.CollateralReported{Origin: asked, ReqID: "CI2", View: perp.CollateralView{Account: "OTHER"}, Verdict: perp.Verdict{Reject: perp.AccountNotPermitted, Detail: "OTHER"}}},
		{"collrep", perp.CollateralReported{Origin: asked, ReqID: "CI1", View: testCollateral()}},
		{"collrep_flat", perp.CollateralReported{Origin: asked, ReqID: "CI3", View: perp.CollateralView{Account: "ACME-MAIN", Cash: 10 * coin, Equity: 10 * coin, Counted: 10 * coin, Free: 10 * coin, Withdrawable: 10 * coin}}},
		{"tradesack_none", perp.TradesReported{Origin: asked, ReqID: "TR1", Account: "ACME-MAIN"}},
		{"tradesack_refused", perp.TradesReported{Origin: asked, ReqID: "TR2", Verdict: perp.Verdict{Reject: perp.UnknownSymbol, Detail: "NONE-PERP"}}},
		{"trades", perp.TradesReported{Origin: asked, ReqID: "TR3", Account: "ACME-MAIN", Trades: testTrades()}},
		{"trades_busted", perp.TradesReported{Origin: asked, ReqID: "TR4", Account: "ACME-MAIN", Trades: []perp.TradeView{bustedTrade()}}},
		{"margincall", perp.MarginCalled{CallID: "MC-9", Account: "ACME-MAIN", Equity: 880 * coin, Required: 1000*coin + 500_000, Shortfall: 120*coin + 500_000}},
		{"margincall_lifted", perp.MarginCalled{CallID: "MC-9", Account: "ACME-MAIN", Lifted: true, Equity: 1100 * coin, Required: 1000 * coin}},
	}
}

// What happens to an account by itself is told to all its sessions, in messages
// that differ in nothing but their headers; the maker's side to nobody.
func TestEverySessionOfTheAccountIsTold(t *testing.T) {
	k := testDesk()
	c := newCodec(nil, k)
	if out := c.encode(perp.AccountOpened{Account: "ACME-MAIN", Sessions: []string{"ACME", "ACME2"}}, testTime, 1); len(out) != 0 {
		t.Fatalf("opened: %v", out)
	}
	for _, e := range accountEvents()[1:] {
		switch e.event.(type) {
		case perp.CollateralReported, perp.TradesReported:
			continue // answers: only to who asked
		}
		out := c.encode(e.event, testTime, 1)
		if len(out) != 2 || out[0].session != "ACME" || out[1].session != "ACME2" || out[0].msg == out[1].msg {
			t.Errorf("%s: %v", e.name, out)
			continue
		}
		if plain(out[0].msg) != plain(out[1].msg) {
			t.Errorf("%s: %s\n%s", e.name, plain(out[0].msg), plain(out[1].msg))
		}
	}
	for _, ev := range []perp.Event{
		perp.FundingPaid{FundingID: "F", Account: perp.Maker, Symbol: "SOL-PERP"},
		posted(perp.TradeFee, clientCash, perp.LedgerAccount{Owner: perp.Maker, Name: perp.Fees, Symbol: "SOL-PERP"}, "T-1"),
		posted(perp.DepositMade, perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}, perp.LedgerAccount{Owner: perp.Maker, Name: perp.Equity, Symbol: "SOL-PERP"}, "K-3"),
		perp.Settled{SettlementID: "S", Account: "STRANGER", Symbol: "SOL-PERP"},
	} {
		if out := c.encode(ev, testTime, 1); len(out) != 0 {
			t.Errorf("%s: %v", ev.Kind(), out)
		}
	}
}

// AM states the position as it is at that point of the batch.
func TestMovementsStateThePosition(t *testing.T) {
	c := newCodec(nil, testDesk())
	settle := perp.Settled{SettlementID: "S", Account: "ACME-MAIN", Symbol: "SOL-PERP", Claim: 1, Cash: 1}
	for _, step := range []struct {
		size perp.Size
		want string
	}{{size("250"), "703=TOT|704=250|"}, {-size("0.5"), "703=TOT|705=0.5|"}, {0, "703=TOT|704=0|"}} {
		c.encode(perp.PositionChanged{Account: "ACME-MAIN", Symbol: "SOL-PERP", Size: step.size}, testTime, 1)
		if out := c.encode(settle, testTime, 1); len(out) != 1 || !strings.Contains(plain(out[0].msg), step.want) {
			t.Errorf("%v: %v", step.size, out)
		}
	}
}

// At expiry each holder is told the price and what its position made; who is
// flat, and the maker, is told nothing.
func TestExpiryIsToldToHolders(t *testing.T) {
	c := newCodec(nil, testDesk())
	for _, ev := range []perp.Event{
		perp.AccountOpened{Account: "SHORT", Sessions: []string{"S"}}, perp.AccountOpened{Account: "FLAT", Sessions: []string{"F"}},
		perp.PositionChanged{Account: "SHORT", Symbol: "SOL-PERP", Size: -size("0.000000003"), EntryNotional: 4},
		perp.PositionChanged{Account: "FLAT", Symbol: "SOL-PERP", Size: 1}, perp.PositionChanged{Account: "FLAT", Symbol: "SOL-PERP"},
		perp.PositionChanged{Account: perp.Maker, Symbol: "SOL-PERP", Size: -size("250")},
	} {
		c.encode(ev, testTime, 1)
	}
	out := c.encode(perp.MarketExpired{Symbol: "SOL-PERP", Price: price("140"), Fair: price("140")}, testTime, 1)
	if len(out) != 2 || out[0].session != "ACME" || out[1].session != "S" {
		t.Fatalf("told: %v", out)
	}
	// 250 at 140 less the 37,500 that opened them; -3e-9 at 140 is -0.42e-6, rounded down to -1e-6.
	for i, want := range []string{"|707=VADJ|708=-2500|", "|707=VADJ|708=0.000003|"} {
		if got := plain(out[i].msg); !strings.Contains(got, want) || !strings.Contains(got, "|704=0|") {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A liquidation order has no ClOrdID, and says first what it is.
func TestLiquidationOrdersAreMarked(t *testing.T) {
	c := newCodec(nil, testDesk())
	for _, e := range accountEvents()[1:4] {
		text := plain(c.encode(e.event, testTime, 1)[0].msg)
		if strings.Contains(text, "|11=") || !strings.Contains(text, "|58=LIQUIDATION") {
			t.Errorf("%s: %s", e.name, text)
		}
	}
	own := plain(c.encode(accountEvents()[0].event, testTime, 1)[0].msg)
	if !strings.Contains(own, "|11=C-1002|") || !strings.Contains(own, "|378=99|") || !strings.HasSuffix(own, "|58=LIQUIDATION|") {
		t.Errorf("own order: %s", own)
	}
}

// The desk's keys are free text: one that would break the message is not sent.
func TestKeysThatFIXCannotSay(t *testing.T) {
	c := newCodec(nil, testDesk())
	for _, key := range []string{"a\x0158=b", "", strings.Repeat("k", 65), "caf\u00e9"} {
		ev := posted(perp.DepositMade, perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}, clientCash, key)
		out := c.encode(ev, testTime, 1)
		if len(out) != 1 || !strings.Contains(plain(out[0].msg), "|713=transfer 9|") {
			t.Errorf("%q: %v", key, out)
		}
	}
}

// Of the two orders of a deleveraging, the good side's says what it is; so does
// no later one of that account.
func TestDeleveragingIsToldApart(t *testing.T) {
	c := newCodec(nil, testDesk())
	order := func(id, account string) perp.Order {
		o := liquidation()
		o.OrderID, o.Account, o.Session = id, account, account
		return o
	}
	bad, good, later := order("L-1", "BAD"), order("L-2", "GOOD"), order("L-3", "GOOD")
	c.encode(perp.Deleveraged{Symbol: "SOL-PERP", Account: "BAD", Against: "GOOD"}, testTime, 1)
	for _, step := range []struct {
		order perp.Order
		want  string
	}{{bad, "|58=LIQUIDATION|"}, {good, "|58=DELEVERAGED|"}, {later, "|58=LIQUIDATION|"}} {
		for _, ev := range []perp.Event{perp.OrderAccepted{Order: step.order}, perp.Filled{Order: step.order}} {
			if out := c.encode(ev, testTime, 1); len(out) != 1 || !strings.HasSuffix(plain(out[0].msg), step.want) {
				t.Errorf("%s: %v", step.order.OrderID, out)
			}
		}
	}
}

// TestAllTradesThatAreKept: the longest answer to AD says how many reports there are,
// in each of them, and marks the last.
func TestAllTradesThatAreKept(t *testing.T) {
	const kept = 1000
	answer := perp.TradesReported{Origin: asked, ReqID: "TR1", Account: "ACME-MAIN"}
	for range kept {
		answer.Trades = append(answer.Trades, testTrades()[0])
	}
	out := newCodec(nil, testDesk()).encode(answer, testTime, 1)
	if len(out) != kept+1 {
		t.Fatalf("%d messages, want AQ and %d AE", len(out), kept)
	}
	if got := plain(out[0].msg); !strings.HasPrefix(got, "35=AQ|568=TR1|") || !strings.Contains(got, "|748=1000|749=0|750=0|") {
		t.Errorf("acknowledged with %s", got)
	}
	ids := map[string]bool{}
	for i, m := range out[1:] {
		got := plain(m.msg)
		ids[ParseMessage(outbound(m.msg)).Get(571)] = true
		if last := map[bool]string{true: "Y", false: "N"}[i == kept-1]; !strings.Contains(got, "|748=1000|912="+last+"|") {
			t.Fatalf("report %d is %s", i+1, got)
		}
	}
	if len(ids) != kept {
		t.Errorf("%d ids of reports", len(ids))
	}
}

// TestCashAfterEachEvent: what an AM says that the account has counts what it had when
// the door was made, what it opened with, and the fees of fills, which no AM tells.
func TestCashAfterEachEvent(t *testing.T) {
	k := testDesk()
	k.dialect = func(string) dialect { return vamm1 }
	c := newCodec(nil, k)
	claim := perp.LedgerAccount{Owner: "ACME-MAIN", Name: perp.Claim, Symbol: "SOL-PERP"}
	makers := perp.LedgerAccount{Owner: perp.Maker, Name: perp.Claim, Symbol: "SOL-PERP"}
	pool := perp.LedgerAccount{Owner: perp.Maker, Name: perp.Pool, Symbol: "SOL-PERP"}
	fees := perp.LedgerAccount{Owner: perp.Maker, Name: perp.Fees, Symbol: "SOL-PERP"}
	outside := perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}
	c.holds(perp.BalanceStated{Account: clientCash, Balance: 100 * coin})
	c.holds(perp.BalanceStated{Account: claim, Balance: 7 * coin})
	c.booked(posted(perp.DepositMade, outside, clientCash, "first").Transfer)
	for _, step := range []struct {
		name  string
		event perp.Event
		want  string // empty: nothing is told
	}{
		{"fee", posted(perp.TradeFee, clientCash, fees, "T-1"), ""},
		{"another account", posted(perp.TradeFee, perp.LedgerAccount{Owner: "BOB", Name: perp.Cash}, fees, "T-2"), ""},
		{"funding", perp.FundingPaid{FundingID: "F-1", Account: "ACME-MAIN", Symbol: "SOL-PERP", Size: 1, Payment: 3 * coin}, "|22087=3|22088=0|22089=100|"},
		{"the pool pays", posted(perp.ProfitSettled, pool, clientCash, "S-1"), ""},
		{"its claim is less", posted(perp.ProfitSettled, claim, makers, "S-1"), ""},
		{"settlement", perp.Settled{SettlementID: "S-1", Account: "ACME-MAIN", Symbol: "SOL-PERP", Claim: 10 * coin, Cash: 5 * coin, Deferred: 5 * coin}, "|22087=-5|22088=5|22089=105|"},
		{"withdrawal", posted(perp.WithdrawalMade, clientCash, outside, "K-2"), "|22087=0|22088=-5|22089=100|"},
	} {
		out := c.encode(step.event, testTime, 1)
		if len(out) == 0 && step.want == "" {
			continue
		}
		if len(out) == 0 || step.want == "" || !strings.Contains(plain(out[0].msg), step.want) {
			t.Errorf("%s: told %v, want %q", step.name, out, step.want)
		}
	}
}
