package fix

import (
	"cmp"
	"slices"
	"strconv"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// Limits of what a session may subscribe to about its accounts.
const (
	accountSubscriptionsMax = 50          // positions (710) and collateral (909) together
	collateralEvery         = perp.Second // at most one unasked BA per account
)

// watchKind is what a subscription to an account is about.
type watchKind uint8

const (
	positionsOf watchKind = iota + 1
	collateralOf
)

// watchKey names what is told when it changes: a position, or the collateral of
// an account (without a symbol).
type watchKey struct {
	kind    watchKind
	account string
	symbol  string
}

func (a watchKey) compare(b watchKey) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.account, b.account), cmp.Compare(a.symbol, b.symbol))
}

// watch is a subscription. Until the engine has answered its request it is only
// asked for.
type watch struct {
	watchKey        // no symbol: all markets
	reqID    string // 710 or 909
	inSeq    int64  // of the request; 0: the engine has agreed
	ended    bool   // by the client, before the engine has answered
}

func (w *watch) covers(k watchKey) bool {
	return w.inSeq == 0 && w.kind == k.kind && w.account == k.account && (w.symbol == "" || w.symbol == k.symbol)
}

// change is what has happened to one thing that a session watches.
type change struct {
	dirty bool      // since the session was last told
	asked bool      // a request for the news waits in the inbox or in the batch
	last  perp.Time // when the engine last answered
}

// admit takes a request of an account before the engine does. It keeps what the
// answer will need, begins and ends subscriptions, and adds to the request what
// stands against a subscription. An end is answered here: then there is no
// command.
func (k *desk) admit(cmd perp.Command, msg *quickfix.Message) (perp.Command, []*quickfix.Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := newRequest(msg)
	switch c := cmd.(type) {
	case perp.RequestQuote:
		k.streaming(c)
	case perp.RequestTrades:
		k.asked[idOf(c.Origin)] = inquiry{kind: string(r.code(569)), symbol: c.Symbol}
	case perp.RequestPositions:
		w := &watch{watchKey: watchKey{positionsOf, c.Account, c.Symbol}, reqID: c.ReqID, inSeq: c.InSeq}
		ended, v := k.subscribe(c.Session, w, r.code(263), c.Flawed)
		if ended {
			ack := perp.PositionsReported{Origin: c.Origin, ReqID: c.ReqID, Account: c.Account, Verdict: v}
			return nil, []*quickfix.Message{positionEnded(ack).in(k.dialect(c.Session))}
		}
		if !v.OK() {
			c.Flaws = append(slices.Clone(c.Flaws), v)
		}
		return c, nil
	case perp.RequestCollateral:
		w := &watch{watchKey: watchKey{collateralOf, c.Account, ""}, reqID: c.ReqID, inSeq: c.InSeq}
		ended, v := k.subscribe(c.Session, w, r.code(263), c.Flawed)
		if ended {
			ack := perp.CollateralReported{Origin: c.Origin, ReqID: c.ReqID, View: perp.CollateralView{Account: c.Account}, Verdict: v}
			return nil, []*quickfix.Message{inquiryAck(ack, inquiryCompleted, 0).in(k.dialect(c.Session))}
		}
		if !v.OK() {
			c.Flaws = append(slices.Clone(c.Flaws), v)
		}
		return c, nil
	}
	return cmd, nil
}

// subscribe begins (263=1) or ends (263=2) a subscription; with flaws the
// engine refuses the request, so that nothing is to be done here.
func (k *desk) subscribe(session string, w *watch, kind byte, flaws perp.Flawed) (ended bool, v perp.Verdict) {
	if !flaws.First().OK() || kind != '1' && kind != '2' {
		return false, v
	}
	c := k.client(session)
	at := slices.IndexFunc(c.watches, func(o *watch) bool { return o.kind == w.kind && o.reqID == w.reqID && !o.ended })
	switch {
	case kind == '2' && at < 0:
		return true, perp.Verdict{Reject: perp.UnknownQuoteRequest, Detail: "no subscription " + w.reqID}
	case kind == '2' && c.watches[at].inSeq != 0:
		c.watches[at].ended = true
		return true, v
	case kind == '2':
		c.watches = slices.Delete(c.watches, at, at+1)
		return true, v
	case at >= 0:
		return false, perp.Verdict{Reject: perp.BadRequest, Detail: "subscription " + w.reqID + " is live"}
	case len(c.watches) >= accountSubscriptionsMax:
		return false, perp.Verdict{Reject: perp.Throttled, Detail: "at most " + strconv.Itoa(accountSubscriptionsMax) + " subscriptions"}
	}
	c.watches = append(c.watches, w)
	return false, v
}

// refused takes back what admit did for a request that found no room.
func (k *desk) refused(o perp.Origin) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.asked, idOf(o))
	if c := k.clients[o.Session]; c != nil {
		delete(c.streams, streamOf(o))
	}
	k.decided(o, false)
}

// decided ends the wait of a subscription for the engine's word.
func (k *desk) decided(o perp.Origin, agreed bool) {
	c := k.clients[o.Session]
	if c == nil || o.InSeq == 0 {
		return
	}
	c.watches = slices.DeleteFunc(c.watches, func(w *watch) bool { return w.inSeq == o.InSeq && (!agreed || w.ended) })
	for _, w := range c.watches {
		if w.inSeq == o.InSeq {
			w.inSeq = 0
		}
	}
}

// subscribing tells whether a request that the engine has answered just now
// asked for a subscription.
func (k *desk) subscribing(o perp.Origin) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.clients[o.Session]
	return c != nil && slices.ContainsFunc(c.watches, func(w *watch) bool { return w.inSeq != 0 && w.inSeq == o.InSeq })
}

// watches tells whether a session is still subscribed to a thing.
func (k *desk) watches(session string, key watchKey) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.clients[session]
	return c != nil && c.watching(key)
}

func (c *client) watching(key watchKey) bool {
	return slices.ContainsFunc(c.watches, func(w *watch) bool { return w.covers(key) })
}

// follow takes in what an entry means for those who watch accounts, in the
// order of the entries: a change after the answer is told with the next one.
// The lock is held.
func (k *desk) follow(e perp.Entry) {
	k.now = max(k.now, e.Time)
	var agreed bool
	for _, ev := range e.Events {
		switch ev := ev.(type) {
		case perp.PositionsReported:
			agreed = ev.Verdict.OK()
		case perp.CollateralReported:
			agreed = ev.Verdict.OK()
		}
		k.touch(ev)
	}
	switch c := e.Command.(type) {
	case perp.RequestPositions:
		k.told(c.Origin, watchKey{positionsOf, c.Account, c.Symbol}, c.Unsolicited, agreed)
	case perp.RequestCollateral:
		k.told(c.Origin, watchKey{collateralOf, c.Account, ""}, c.Unsolicited, agreed)
	}
}

// told notes that the engine has answered a client or the desk.
func (k *desk) told(o perp.Origin, key watchKey, unasked, agreed bool) {
	if !unasked {
		k.decided(o, agreed)
		return
	}
	if c := k.clients[o.Session]; c != nil && c.changes[key] != nil {
		*c.changes[key] = change{last: k.now}
	}
}

// touch marks what an event has changed about accounts.
func (k *desk) touch(ev perp.Event) {
	switch ev := ev.(type) {
	case perp.PositionChanged:
		k.changed(ev.Account, ev.Symbol)
	case perp.Filled:
		k.changed(ev.Order.Account, ev.Order.Symbol)
	case perp.TradeBusted:
		k.changed(ev.Order.Account, ev.Order.Symbol)
	case perp.OrderAccepted: // a working order takes margin
		k.changed(ev.Order.Account, "")
	case perp.OrderReplaced:
		k.changed(ev.Order.Account, "")
	case perp.OrderCanceled:
		k.changed(ev.Order.Account, "")
	case perp.FundingPaid:
		k.changed(ev.Account, ev.Symbol)
	case perp.Settled:
		k.changed(ev.Account, ev.Symbol)
	case perp.LossShared:
		k.changed(ev.Account, ev.Symbol)
	case perp.Bankrupted:
		k.changed(ev.Account, ev.Symbol)
	case perp.MarginCalled:
		k.changed(ev.Account, "")
	case perp.LiquidationChanged:
		k.changed(ev.Account, "")
	case perp.Posted:
		for _, a := range []perp.LedgerAccount{ev.Transfer.Debit, ev.Transfer.Credit} {
			if a.Name == perp.Cash || a.Name == perp.Claim {
				k.changed(a.Owner, a.Symbol)
			}
		}
	}
}

// changed marks an account's collateral and, with a symbol, its position there
// for every session that watches them.
func (k *desk) changed(account, symbol string) {
	keys := []watchKey{{collateralOf, account, ""}}
	if symbol != "" {
		keys = append(keys, watchKey{positionsOf, account, symbol})
	}
	for _, c := range k.clients {
		for _, key := range keys {
			if !c.watching(key) {
				continue
			}
			if c.changes == nil {
				c.changes = map[watchKey]*change{}
			}
			if c.changes[key] == nil {
				c.changes[key] = &change{}
			}
			c.changes[key].dirty = true
		}
	}
}

// inquire asks the engine for the news of a session. If the inbox is full, the
// next publish tries again; nothing waits here.
func (k *desk) inquire(session string, c *client) {
	var due []watchKey
	for key, ch := range c.changes {
		switch {
		case !c.watching(key) && !ch.asked:
			delete(c.changes, key)
		case ch.dirty && !ch.asked && (key.kind != collateralOf || k.now >= ch.last+collateralEvery):
			due = append(due, key)
		}
	}
	slices.SortFunc(due, watchKey.compare)
	for _, key := range due {
		o := perp.Origin{Session: session}
		var cmd perp.Command = perp.RequestPositions{Origin: o, Account: key.account, Symbol: key.symbol, Unsolicited: true}
		if key.kind == collateralOf {
			cmd = perp.RequestCollateral{Origin: o, Account: key.account, Unsolicited: true}
		}
		if !k.ask(cmd) {
			return
		}
		c.changes[key].dirty, c.changes[key].asked = false, true
	}
}
