package acceptance

import (
	"context"
	"strconv"

	"github.com/shopspring/decimal"
)

func (t *Trader) pick(n int) int { return t.random.IntN(n) }

func (t *Trader) fresh(id, side string) {
	t.orders[id] = &traded{side: side, latest: id}
	t.ids = append(t.ids, id)
	t.root[id] = id
	t.Report.Orders++
	t.open(id, "order")
}

// place sends a D; fields that are empty are left out.
func (t *Trader) place(id, side, size, kind, price, tif, quote, symbol string, further ...string) error {
	if o := t.orders[id]; o.status == "" { // And not a repetition.
		o.killable, o.limit = tif == "4", dec(price)
	}
	body := []string{"11=" + id}
	if t.Account != "" {
		body = append(body, "1="+t.Account)
	}
	body = append(body, "55="+symbol, "54="+side, "60="+Now(), "38="+size, "40="+kind)
	for _, opt := range [][2]string{{"44", price}, {"59", tif}, {"117", quote}} {
		if opt[1] != "" {
			body = append(body, opt[0]+"="+opt[1])
		}
	}
	return t.Client.Send("D", append(body, further...)...)
}

// away is a price off the touch by some basis points: positive is passive.
func (t *Trader) away(side string, bps int64) string {
	at, sign := t.ask, int64(-1)
	if side == "2" {
		at, sign = t.bid, 1
	}
	price := dec(at.price)
	price = price.Add(price.Mul(decimal.New(sign*bps, -4)))
	price = price.Div(t.Tick).Round(0).Mul(t.Tick)
	if price.IsPositive() {
		return price.String()
	}
	return t.Tick.String()
}

func (t *Trader) size() string {
	return t.Lot.Mul(decimal.NewFromInt(int64(1 + t.pick(5)))).String()
}

// one sends one request of the mix; each kind stands for a row of the rules.
func (t *Trader) one(ctx context.Context, id string) error {
	side := strconv.Itoa(1 + t.pick(2))
	at := t.ask
	if side == "2" {
		at = t.bid
	}
	simple := func(size, kind, price, tif, quote, symbol string) error {
		t.fresh(id, side)
		return t.place(id, side, size, kind, price, tif, quote, symbol)
	}
	half := t.Lot.Div(decimal.NewFromInt(2)).Add(t.Lot).String()
	switch n := t.pick(32); n {
	case 0, 1:
		return simple(t.size(), "1", "", "3", "", t.Symbol)
	case 2:
		return simple(t.size(), "1", "", "4", "", t.Symbol)
	case 3, 4:
		return simple(t.size(), "2", t.away(side, -20), "3", "", t.Symbol)
	case 5:
		return simple(t.size(), "2", t.away(side, -20), "4", "", t.Symbol)
	case 6:
		return simple(t.size(), "2", t.away(side, 50), "3", "", t.Symbol)
	case 7:
		return simple(t.size(), "2", t.away(side, 50), "4", "", t.Symbol)
	case 8:
		return simple(t.Lot.String(), "D", at.price, "4", orNone(at.id), t.Symbol)
	case 9, 10:
		return t.requestQuote(ctx, id, side)
	case 11:
		return simple(t.size(), "1", "", "3", "", "NO-SUCH")
	case 12:
		return simple(half, "1", "", "3", "", t.Symbol)
	case 13:
		return simple(t.size(), "1", "", "1", "", t.Symbol)
	case 14:
		return simple(t.size(), "D", "", "4", "Q0A", t.Symbol)
	case 15:
		return t.status(id, side)
	case 16:
		return t.repeat()
	case 17:
		return t.cancelUnknown(id, side)
	case 18, 19:
		return t.hurried(id, side)
	case 20, 21:
		return t.resting(id, side)
	default:
		return t.kind(n-22, id, side)
	}
}

func orNone(id string) string {
	if id == "" {
		return "none"
	}
	return id
}

// resting places an order off the market or close to it, so that some fill
// later; half of them are replaced at once.
func (t *Trader) resting(id, side string) error {
	t.fresh(id, side)
	size := t.size()
	if err := t.place(id, side, size, "2", t.away(side, int64(1+t.pick(20))), "1", "", t.Symbol); err != nil {
		return err
	}
	if t.pick(2) == 0 {
		return nil
	}
	next := id + "r"
	t.root[next] = id
	t.open(next, "replace")
	return t.Client.Send("G", "41="+id, "11="+next, "55="+t.Symbol, "54="+side, "60="+Now(),
		"38="+dec(size).Add(t.Lot).String(), "40=2", "44="+t.away(side, int64(5+t.pick(20))))
}

// hurried places an order that deals at once, or is held, and takes it back or
// changes it in the same breath, which is too late either way.
func (t *Trader) hurried(id, side string) error {
	t.fresh(id, side)
	size, price := t.size(), t.away(side, -20)
	if err := t.place(id, side, size, "2", price, "3", "", t.Symbol); err != nil {
		return err
	}
	if t.pick(2) == 0 {
		return t.cancel(t.orders[id], id+"h")
	}
	next := id + "g"
	t.root[next] = id
	t.open(next, "replace")
	return t.Client.Send("G", "41="+id, "11="+next, "55="+t.Symbol, "54="+side, "60="+Now(), "38="+size, "40=2", "44="+price, "59=3")
}

// requestQuote asks for a price and deals on the answer.
func (t *Trader) requestQuote(ctx context.Context, id, side string) error {
	req, size := "R"+id, t.size()
	t.quote = nil
	t.open(req, "quote")
	err := t.Client.Send("R", "131="+req, "146=1", "55="+t.Symbol, "537=1", "38="+size, "60="+Now())
	for err == nil && t.pending[req] != "" {
		err = t.next(ctx)
	}
	if err != nil || t.quote == nil {
		return err
	}
	price := t.quote.Get(133)
	if side == "2" {
		price = t.quote.Get(132)
	}
	t.fresh(id, side)
	return t.place(id, side, size, "D", price, "4", t.quote.Get(117), t.Symbol)
}

// status asks for an order of ours or for one that does not exist.
func (t *Trader) status(id, side string) error {
	if len(t.ids) > 0 && t.pick(2) == 0 {
		id = t.ids[t.pick(len(t.ids))]
		side = t.orders[id].side
	}
	if t.pending["H"+id] != "" {
		return nil
	}
	t.open("H"+id, "status")
	return t.Client.Send("H", "11="+id, "55="+t.Symbol, "54="+side)
}

// repeat sends a ClOrdID that was used before.
func (t *Trader) repeat() error {
	if len(t.ids) == 0 {
		return nil
	}
	id := t.ids[t.pick(len(t.ids))]
	o := t.orders[id]
	// Only a reported order is known for certain; one that was refused without
	// being kept would be a new order.
	if t.pending["dup"+id] != "" || t.pending[id] != "" && o.status != "A" || o.latest != id || o.status == "" {
		return nil
	}
	t.open("dup"+id, "duplicate")
	return t.place(id, o.side, t.Lot.String(), "1", "", "3", "", t.Symbol)
}

func (t *Trader) cancelUnknown(id, side string) error {
	t.open(id, "cancel of nothing")
	return t.Client.Send("F", "41="+id+"n", "11="+id, "55="+t.Symbol, "54="+side, "60="+Now(), "38="+t.Lot.String())
}
