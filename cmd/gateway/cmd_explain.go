package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"backstop/config"
	"backstop/fix"
	"backstop/perp"
	"backstop/spec"
	"backstop/store"
)

func explainReject() config.Command {
	var asJSON bool
	return config.Command{
		Path: "explain reject", Group: groupDesk, Args: "CODE", MinArgs: 1, MaxArgs: 1,
		Short: "Say what a reason code means and what to do",
		Long: `The code is the first word of Text(58): of a refusal, or of a report that an
order ended (150=4). Of a refusal it says the FIX code in each message, in both
dialects, and the category: A price or time, B no such price, C credit,
D set-up, E terms and limits, F state of the venue.`,
		Examples: "gateway explain reject INSUFFICIENT_MARGIN\ngateway explain reject CANCEL_ON_DISCONNECT",
		Flags:    func(f *config.Flags) { jsonFlag(f, &asJSON) },
		Complete: func() (names []string) {
			for _, r := range perp.Rejects() {
				names = append(names, r.String())
			}
			return append(names, endNames()...)
		},
		Run: func(_ context.Context, env *config.Env, args []string) int {
			name := strings.ToUpper(strings.TrimSpace(args[0]))
			for _, r := range perp.Rejects() {
				if r.String() == name {
					return showReject(env, asJSON, r)
				}
			}
			for reason, text := range endTexts {
				if reason.String() == name {
					return showEnd(env, asJSON, reason, text)
				}
			}
			return env.Fail(config.ExitNotFound, fmt.Errorf("there is no reason %q", args[0]), "spec/ROE.md lists them under Reasons and ExecutionReport")
		},
	}
}

func showReject(env *config.Env, asJSON bool, r perp.Reject) int {
	c := fix.CodesOf(r)
	category, means, has := spec.CategoryOf(r.String())
	if asJSON {
		return env.JSON(map[string]any{"code": r.String(), "meaning": rejectTexts[r], "category": category, "precedence": int(r), "fix": c})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  %s\n", r, rejectTexts[r])
	if has {
		fmt.Fprintf(&b, "  category %s: %s\n", category, means)
	}
	if r.OfTheDesk() {
		b.WriteString("  of commands of the desk: no client is told it\n")
		return env.Print(b.String())
	}
	b.WriteString("  FIX, STRICT44 and then VAMM1 where it has another code:\n")
	for _, m := range []struct {
		code, where string
	}{
		{"103=" + bothCodes(c.Order, c.OrderLater), "ExecutionReport (8), 150=8"},
		{"102=" + strconv.Itoa(c.Cancel), "OrderCancelReject (9)"},
		{"380=" + bothCodes(c.Business, c.BusinessLater), "BusinessMessageReject (j)"},
		{"658=" + strconv.Itoa(c.Quote), "QuoteRequestReject (AG)"},
		{"281=" + c.Market, "MarketDataRequestReject (Y)"},
		{"728=" + strconv.Itoa(c.Position), "RequestForPositionsAck (AO)"},
		{"946=" + strconv.Itoa(c.Inquiry), "CollateralInquiryAck (BG)"},
		{"749=" + strconv.Itoa(c.Inquiry), "TradeCaptureReportRequestAck (AQ)"},
	} {
		fmt.Fprintf(&b, "    %-12s %s\n", m.code, m.where)
	}
	fmt.Fprintf(&b, "  check %d of %d: of several reasons the first is told\n", int(r), len(perp.Rejects()))
	return env.Print(b.String())
}

// bothCodes prints the code of STRICT44 and, if it is another, that of VAMM1.
func bothCodes(strict, later int) string {
	if strict == later {
		return strconv.Itoa(strict)
	}
	return fmt.Sprintf("%d, %d", strict, later)
}

// showEnd explains why an order ended that was accepted.
func showEnd(env *config.Env, asJSON bool, reason perp.CancelReason, text string) int {
	codes := map[string]string{"150": "4", "39": "4"}
	told := "150=4 39=4"
	if reason == perp.ExpiredCancel {
		codes["150"], codes["39"], told = "C", "C", "150=C 39=C"
	}
	if reason != perp.ClientCancel {
		codes["378"], told = "99", told+" 378=99"
	}
	if asJSON {
		return env.JSON(map[string]any{"code": reason.String(), "meaning": text, "fix": codes})
	}
	return env.Print(fmt.Sprintf("%s\n  %s\n  FIX: %s in ExecutionReport (8): an end, not a refusal\n", reason, text, told))
}

func endNames() (names []string) {
	for r := perp.CancelReason(1); endTexts[r] != ""; r++ {
		names = append(names, r.String())
	}
	return names
}

// endTexts say why an order ended that was accepted.
var endTexts = map[perp.CancelReason]string{
	perp.ClientCancel:      "The client asked for it. This token is not on the wire: Text(58) is absent.",
	perp.IOCRemainder:      "The rest of an IOC order, or of one that may not rest. What was filled stays.",
	perp.FOKUnfillable:     "A FOK order could not be filled whole at its price. Nothing was dealt.",
	perp.RiskCancel:        "The account could no longer bear its fill. Pay in, or reduce.",
	perp.OperatorCancel:    "The desk ended it, or its market ended.",
	perp.LiquidationCancel: "The account is being liquidated: all its working orders end first.",
	perp.DisconnectCancel:  "The session that placed it ended. 8013=N in the Logon keeps orders, if that is agreed.",
	perp.ExpiredCancel:     "Its ExpireTime(126) came.",
	perp.ReduceOnlyCancel:  "It may only reduce a position, and there is none left for the rest of it.",
	perp.TriggerCancel:     "Its stop price was reached, and the account has no margin for what it would deal.",
	perp.MassCancel:        "The client cancelled all its orders, or all of a market (q).",
}

// rejectTexts say what each reason means to the one who meets it.
var rejectTexts = map[perp.Reject]string{
	perp.NotReady:            "The gateway cannot take requests now. Nothing was done; try again.",
	perp.NotPermitted:        "The session's roles do not allow this request.",
	perp.Throttled:           "Too many at a time. Nothing was done, and the id is free.",
	perp.BadClOrdID:          "ClOrdID(11) is missing, too long or not printable.",
	perp.DuplicateClOrdID:    "The account used this id before; the answer shows that order.",
	perp.PossResendMismatch:  "A repeated request (97=Y) has other terms than the first one.",
	perp.StaleRequest:        "The request is older than is taken, or than it allows itself. Ask for the order's status.",
	perp.UnknownSymbol:       "There is no such market.",
	perp.MarketHalted:        "The market takes no orders. Cancels work.",
	perp.OracleStale:         "The outside price is too old to deal on.",
	perp.OracleDivergent:     "The outside price is not trusted: sources disagree, it jumped, or it is no price.",
	perp.Drawdown:            "The market has lost too much of late: only orders that reduce the position are taken until it has recovered.",
	perp.ReduceOnlyMode:      "Only orders that reduce the position are taken now.",
	perp.UnknownAccount:      "There is no such account.",
	perp.AccountNotPermitted: "The session may not use this account.",
	perp.CondField:           "A field that this order type needs is missing; the tag follows.",
	perp.Unsupported:         "The order type does not go with this time in force or another field.",
	perp.ExpireTime:          "ExpireTime(126) is not in the future.",
	perp.BadLot:              "OrderQty or MinQty is not a multiple of the lot.",
	perp.MinQty:              "OrderQty is below the smallest order, or MinQty is above it.",
	perp.MaxOrderSize:        "OrderQty is above the largest order.",
	perp.BadTick:             "Price or StopPx is not a multiple of the tick.",
	perp.PriceBand:           "The limit reaches too far through the outside price.",
	perp.PostOnlyMarketable:  "A post-only order would deal at once. Give it a price further away.",
	perp.QuoteUnknown:        "There is no such quote for this session.",
	perp.QuoteForeign:        "The quote was given to another session, or made for clients of another class.",
	perp.QuoteExpired:        "The quote's time is over. Deal on the newest one.",
	perp.QuoteSuperseded:     "A newer quote replaced it, and the grace is over. Deal on the newest one.",
	perp.QuoteSide:           "The quote is for the other side.",
	perp.QuotePrice:          "Price(44) is not the quoted price.",
	perp.QuoteSize:           "The quote is for less.",
	perp.QuoteConsumed:       "The quote was dealt on already.",
	perp.ReduceOnlyFlat:      "There is no position of this size on the other side to close.",
	perp.OpenOrdersLimit:     "The account has as many working orders as it may.",
	perp.PositionLimit:       "The position would be larger than the account may have.",
	perp.NotionalLimit:       "The sum of all positions would be larger than the account may have.",
	perp.CollateralCap:       "The order is too large for the account's collateral: pay in, or send smaller ones.",
	perp.InsufficientMargin:  "Collateral is less than initial margin for this order needs: pay in, or reduce.",
	perp.OILimit:             "All clients' positions on this side are at their limit.",
	perp.DealerLeverage:      "The maker's inventory is at its limit for its funds. Orders the other way are taken.",
	perp.FillLimit:           "The client has dealt all that it may within a second. Nothing was done; try again a moment later.",
	perp.PriceUnavailable:    "The maker offers nothing, not this much, or not as firm as was asked, now.",
	perp.LastLookPrice:       "Held until a newer price: it moved further than is tolerated. move and tol say by how much.",
	perp.LastLookValidity:    "Held, and then no newer price came in time, or the order could not be filled any more, or was more than quotes are firm for, or the outside price was already beyond the quoted one. The detail says which.",
	perp.UnknownOrder:        "The account has no such order.",
	perp.TooLate:             "The order is filled, ended, or being decided.",
	perp.NotAmendable:        "Only size, prices, time and minimum can be replaced.",
	perp.OrderMismatch:       "The request names another order than its ids say.",
	perp.NoOrders:            "There are no such orders that may still fill.",
	perp.UnknownQuoteRequest: "There is no such request to end.",
	perp.BadRequest:          "The request cannot be read as it stands; the detail says where.",
	perp.CounterUnsupported:  "A quote can be dealt on or passed, not bargained about.",
	perp.QuoteNotLive:        "The client has no such quote or stream that could end.",
	perp.QuoteCrossed:        "A provider's bid is not below its offer in the same market.",
	perp.QuoteEntries:        "There are more entries, quotes in a market or providers than are taken.",
	perp.MMPFrozen:           "Too much was dealt on the provider's quotes: its protection took them away. 22090=Y goes on.",
	perp.DuplicateKey:        "A command with this key was done before. Nothing was done now.",
	perp.WrongState:          "The market or account is in a state in which this cannot be done.",
	perp.OutOfRange:          "A value lies outside what is allowed.",
	perp.InsufficientFunds:   "There is less settled free collateral, or spare equity, than that.",
	perp.OutflowLimit:        "Too much left the venue within a day: withdrawals are stopped until the desk opens them.",
	perp.UnknownSession:      "No session of this name is configured.",
	perp.UnknownTrade:        "There is no such trade, or it is none of the last 1000 of its account.",
}

func explainOrder() config.Command {
	var o booksOptions
	var account string
	return config.Command{
		Path: "explain order", Group: groupDesk, Args: "ID", MinArgs: 1, MaxArgs: 1,
		Short:    "Show an order and what happened to it",
		Long:     "ID is an OrderID, or with --account a ClOrdID.",
		Examples: "gateway explain order O-17\ngateway explain order my-order-1 --account DEMO1",
		Flags: func(f *config.Flags) {
			o.flags(f)
			f.StringVar(&account, "account", "", "ID is a ClOrdID of this `ACCOUNT`")
		},
		Run: func(_ context.Context, env *config.Env, args []string) int {
			return withReader(env, o.dir, func(r *store.Reader) (int, error) {
				order, found, err := findOrder(r, account, args[0])
				if err != nil {
					return 0, err
				}
				if !found {
					return env.Fail(config.ExitNotFound, fmt.Errorf("the books know no order %q", args[0]), "name a ClOrdID together with --account"), nil
				}
				events, err := r.OrderEvents(order.OrderID)
				if err != nil {
					return 0, err
				}
				return showOrder(env, o.asJSON, order, events)
			})
		},
	}
}

func findOrder(r *store.Reader, account, id string) (store.Order, bool, error) {
	if account != "" {
		return r.OrderByClient(account, id)
	}
	return r.Order(id)
}

// told is what explain order reads of an event.
type told struct {
	ExecID  string
	TradeID string
	Price   perp.Price
	Size    perp.Size
	Fee     perp.Money
	Verdict perp.Verdict
	Reason  perp.CancelReason
	Detail  string
	Outcome perp.LookOutcome
	Move    perp.Ratio
	Quoted  perp.Price
	Order   perp.Order
	Clipped perp.Size

	Tolerance        perp.Ratio
	Tier             perp.Tier
	Why              string
	Arrival, Decided perp.Time
}

// look says how a held order was decided, and with which numbers.
func (t told) look() string {
	l := perp.LastLook{Arrival: t.Arrival, Decided: t.Decided}
	return strings.TrimSpace(fmt.Sprintf("%s after %s ms: the price moved by %s bp for the client, tolerated %s; quoted %s, dealt or would have at %s; tier %s %s",
		t.Outcome, millis(l.Hold()), bp(t.Move), bp(t.Tolerance), t.Quoted, t.Price, t.Tier, t.Why))
}

func showOrder(env *config.Env, asJSON bool, o store.Order, events []store.OrderEvent) (int, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "%s  %s of %s: %s %s %s %s %s at %s\n", o.OrderID, o.ClOrdID, o.Account, o.Symbol, o.Side, o.Type, o.TIF, o.Size, o.Price)
	fmt.Fprintf(&text, "status %s %s, filled %s at %s on average\n", o.Status, o.Reason, o.Cum, o.AvgPrice)
	happened := []map[string]any{}
	for _, e := range events {
		var t told
		if err := json.Unmarshal(e.Payload, &t); err != nil {
			return 0, fmt.Errorf("event of %s: %w: %w", o.OrderID, store.ErrDamaged, err)
		}
		row := map[string]any{"time": stamp(e.Time), "seq": e.Seq, "kind": e.Kind}
		line := ""
		switch e.Kind {
		case perp.Filled{}.Kind():
			line = fmt.Sprintf("%s at %s, fee %s (%s)", t.Size, t.Price, t.Fee, t.ExecID)
		case perp.TradeBusted{}.Kind():
			line = strings.TrimSpace(fmt.Sprintf("%s: %s at %s, fee %s given back (%s) %s", t.TradeID, t.Size, t.Price, t.Fee, t.ExecID, t.Why))
		case perp.OrderAccepted{}.Kind(), perp.OrderHeld{}.Kind(), perp.OrderReplaced{}.Kind():
			line = asks(t.Order)
		case perp.OrderTriggered{}.Kind():
			line = fmt.Sprintf("at %s", t.Price)
		case perp.OrderRejected{}.Kind(), perp.CancelRejected{}.Kind():
			line = fmt.Sprintf("%s %s: needs %d, has %d (units of the check)", t.Verdict.Reject, t.Verdict.Detail, t.Verdict.Need, t.Verdict.Have)
			row["reject"], row["detail"], row["need_units"], row["have_units"] = t.Verdict.Reject.String(), t.Verdict.Detail, t.Verdict.Need, t.Verdict.Have
		case perp.OrderCanceled{}.Kind():
			line = strings.TrimSpace(t.Reason.String() + " " + t.Detail)
			if t.Clipped != 0 {
				line += " more than the position by " + t.Clipped.String()
			}
		case perp.LastLook{}.Kind():
			line = t.look()
		}
		row["text"] = line
		happened = append(happened, row)
		fmt.Fprintf(&text, "  %s  %-15s %s\n", stamp(e.Time), e.Kind, line)
	}
	if asJSON {
		return env.JSON(map[string]any{"order": o, "events": happened}), nil
	}
	return env.Print(text.String()), nil
}
