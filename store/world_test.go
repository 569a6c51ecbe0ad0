package store

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"backstop/perp"
)

// world makes batches as the engine would: entries with events that agree with
// one another, and the numbers and messages of one session.
type world struct {
	rng                                    *rand.Rand
	seq, orders, execs, transfers, settled int64
	out, epoch                             int64
	sizes                                  map[string]perp.Size // position by account and symbol
	entries                                map[string]perp.Money
	balances                               map[string]int64
	funded                                 map[string]bool
	fills                                  []perp.Filled // that stand
}

var accounts = []string{"ALICE", "BOB", "CAROL"}

func newWorld(seed uint64) *world {
	return &world{
		rng: rand.New(rand.NewPCG(seed, seed)), epoch: 1, sizes: map[string]perp.Size{}, entries: map[string]perp.Money{},
		balances: map[string]int64{}, funded: map[string]bool{},
	}
}

// batch returns n orders, each filled, and one message for each.
func (w *world) batch(n int) perp.Batch {
	b := perp.Batch{Time: perp.Time(w.seq + 1)}
	write := perp.SessionWrite{Session: "CLIENT", Epoch: w.epoch, Created: 1}
	for range n {
		b.Entries = append(b.Entries, w.trade(accounts[w.rng.IntN(len(accounts))]))
		w.out++
		write.Messages = append(write.Messages, perp.WireMessage{Seq: w.out, Bytes: fmt.Appendf(nil, "35=8|34=%d|37=O-%d", w.out, w.orders)})
	}
	write.InSeq, write.OutSeq, write.OutReserved = w.seq+1, w.out+1, w.out+1
	write.Acked = w.out + 1 - int64(n) // all but the new ones
	b.Sessions = []perp.SessionWrite{write}
	return b
}

// reset is a batch in which the client resets its numbers: the former epoch ends
// and the new one begins with the messages that it did not get.
func (w *world) reset(n int) perp.Batch {
	b := w.batch(n)
	w.epoch++
	w.out = 1
	again := perp.SessionWrite{Session: "CLIENT", Epoch: w.epoch, InSeq: 1, Acked: 1, Created: 1}
	for _, m := range b.Sessions[0].Messages {
		w.out++
		again.Messages = append(again.Messages, perp.WireMessage{Seq: w.out, Bytes: append(m.Bytes, "|97=Y"...)})
	}
	again.OutSeq, again.OutReserved = w.out+1, w.out+1
	b.Sessions = append(b.Sessions, again)
	return b
}

// nth is batch i of a child: every fifth one with a reset.
func (w *world) nth(i, n int) perp.Batch {
	if i%5 == 0 {
		return w.reset(n)
	}
	return w.batch(n)
}

func (w *world) entry(events ...perp.Event) perp.Entry {
	w.seq++
	return perp.Entry{
		Seq: w.seq, Time: perp.Time(w.seq * 1000), Source: "fix", Kind: "PlaceOrder",
		Payload: fmt.Appendf(nil, `{"ClOrdID":"c%d"}`, w.seq), Events: events,
	}
}

func (w *world) post(from, to perp.LedgerAccount, amount perp.Money, why perp.TransferReason) perp.Posted {
	w.transfers++
	w.balances[from.Owner+" "+from.String()] -= int64(amount)
	w.balances[to.Owner+" "+to.String()] += int64(amount)
	return perp.Posted{Transfer: perp.Transfer{ID: w.transfers, Debit: from, Credit: to, Amount: amount, Reason: why, Ref: "ref"}}
}

// trade is one order that fills in two parts.
func (w *world) trade(account string) perp.Entry {
	cash := perp.LedgerAccount{Owner: account, Name: perp.Cash}
	var events []perp.Event
	if !w.funded[account] {
		w.funded[account] = true
		events = append(events, w.post(perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}, cash, 1_000_000*perp.MoneyOne, perp.DepositMade))
	}
	w.orders++
	symbol := []string{"BTC-PERP", "ETH-PERP"}[w.rng.IntN(2)]
	id := fmt.Sprintf("c%d", w.seq+1)
	o := perp.Order{
		OrderID: fmt.Sprintf("O-%d", w.orders), ClOrdID: id, First: id, Session: "CLIENT", Account: account, Symbol: symbol,
		Side: perp.Side(1 + w.rng.IntN(2)), Type: perp.Limit, TIF: perp.IOC, Price: 60_001 * perp.PriceOne, Size: 3_000_000,
		Status: perp.New, Created: perp.Time(w.seq+1) * 1000, Updated: perp.Time(w.seq+1) * 1000,
	}
	events = append(events, perp.OrderAccepted{Order: o})
	for _, size := range []perp.Size{1_000_000, 2_000_000} {
		price := perp.Price(60_000+w.rng.IntN(100)) * perp.PriceOne
		realised := perp.Money(w.rng.IntN(2000) - 1000)
		o.Cum, o.Paid = o.Cum+size, o.Paid.Plus(price, size)
		if o.Status = perp.PartiallyFilled; o.Cum == o.Size {
			o.Status = perp.FullyFilled
		}
		w.execs++
		w.fills = append(w.fills, perp.Filled{
			ExecID: fmt.Sprintf("E-%d", w.execs), TradeID: fmt.Sprintf("T-%d", w.execs), Order: o, Price: price, Size: size,
			Quoted: price + 7,
			Fee:    12, Liquidity: perp.Removed, Realised: realised,
		})
		events = append(events, w.fills[len(w.fills)-1], perp.QuoteChanged{Quote: perp.Quote{Symbol: symbol}})
		events = append(events, w.positions(o, price, size, realised)...)
		events = append(events, w.post(cash, perp.LedgerAccount{Owner: perp.Maker, Name: perp.Fees, Symbol: symbol}, 12, perp.TradeFee))
	}
	events = append(events, perp.MarkedOut{
		OrderID: o.OrderID, ExecID: fmt.Sprintf("E-%d", w.execs), Session: "CLIENT", Account: account, Symbol: symbol, Side: o.Side,
		Size: 2_000_000, Horizon: perp.Second, Before: 60_000 * perp.PriceOne, After: 60_001 * perp.PriceOne, Move: perp.Ratio(16 * o.Side.Sign()),
	})
	w.settled++
	events = append(events, perp.Settled{SettlementID: fmt.Sprintf("S-%d", w.settled), Account: account, Symbol: symbol, Claim: 10, Cash: 7, Deferred: 3})
	return w.entry(events...)
}

func (w *world) positions(o perp.Order, price perp.Price, size perp.Size, realised perp.Money) (events []perp.Event) {
	cash := perp.Notional(price, size, perp.Floor)
	if o.Side == perp.Buy {
		cash = -cash
	}
	sign := perp.Size(o.Side.Sign())
	for _, x := range []struct {
		account string
		sign    perp.Size
	}{{o.Account, 1}, {perp.Maker, -1}} {
		key := x.account + " " + o.Symbol
		w.sizes[key] += x.sign * sign * size
		w.entries[key] += perp.Money(x.sign) * (cash - realised)
		events = append(events, perp.PositionChanged{Account: x.account, Symbol: o.Symbol, Size: w.sizes[key], EntryNotional: w.entries[key]})
	}
	return events
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func commit(t testing.TB, s *Store, batches ...perp.Batch) {
	t.Helper()
	for _, b := range batches {
		if err := s.Commit(b); err != nil {
			t.Fatal(err)
		}
	}
}

func agree(t testing.TB, r *Reader) {
	t.Helper()
	differences, err := r.Differences()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Error(d)
	}
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// tree is every file of a directory with what is in it.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return files
}
