package ops

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"backstop/perp"
)

// world feeds a model the way the gateway does, from the time of day on.
type world struct {
	*Model
	seq     int64
	version int64
	clock   atomic.Int64 // ns; the server reads it while a test moves it
}

func (w *world) at() perp.Time { return perp.Time(w.clock.Load()) }

// wait lets time pass.
func (w *world) wait(span perp.Time) { w.clock.Add(int64(span)) }

func newWorld(symbols ...string) *world {
	w := &world{Model: NewModel("test")}
	w.clock.Store(time.Now().UnixNano())
	w.now = func() time.Time { return time.Unix(0, w.clock.Load()) }
	for _, s := range symbols {
		w.do(perp.ClockTick{}, perp.MarketListed{Instrument: perp.Instrument{
			Symbol: s, Currency: "USDC", Tick: perp.PriceOne / 2, Lot: perp.SizeOne / 1000,
		}})
		w.Limit(s, Limits{LeverageCap: 3 * perp.RatioOne, OracleMaxAge: 10 * perp.Second})
	}
	return w
}

func (w *world) do(c perp.Command, events ...perp.Event) {
	w.seq++
	w.Apply([]perp.Entry{{Seq: w.seq, Time: w.at(), Command: c, Kind: c.Kind(), Events: events}})
}

// quote makes a two-sided quote around a price, with parts that add up.
func (w *world) quote(symbol string, oracle perp.Price, inventory perp.Size) perp.Quote {
	w.version++
	tick := perp.PriceOne / 2
	half := oracle.Of(2*perp.BP, perp.Ceil)
	bid, ask := (oracle-half)/tick*tick, (oracle+half)/tick*tick+tick
	q := perp.Quote{
		Symbol: symbol, Version: w.version, Time: w.at(), ValidUntil: w.at() + perp.Second, State: perp.Open,
		Oracle: oracle, Confidence: oracle.Of(perp.BP/2, perp.Floor), OracleTime: w.at() - 120*perp.Millisecond, Mid: oracle,
		Inventory: inventory, Leverage: perp.Ratio(max(inventory, -inventory) / 10_000), Equity: 5_000_000 * perp.MoneyOne,
		OpenInterest: max(inventory, -inventory),
	}
	for i := range perp.Price(5) {
		size := perp.SizeOne * perp.Size(i+1) / 2
		q.Bids = append(q.Bids, perp.Level{Price: bid - i*3*tick, Size: size})
		q.Asks = append(q.Asks, perp.Level{Price: ask + i*3*tick, Size: size})
	}
	parts := func(best perp.Price, sign perp.Price) []perp.Component {
		return []perp.Component{
			{Name: "oracle", Amount: oracle}, {Name: "recentre"}, {Name: "base", Amount: sign * half / 2},
			{Name: "volatility", Amount: sign * half / 4}, {Name: "retreat"},
			{Name: "inventory", Amount: sign * half / 4}, {Name: "leverage"}, {Name: "revenue"}, {Name: "wide"}, {Name: "cap"},
			{Name: "offset"}, {Name: "impact"}, {Name: "floor"},
			{Name: "rounding", Amount: best - oracle - sign*half/2 - 2*(sign*half/4)},
		}
	}
	q.BidParts, q.AskParts = parts(bid, -1), parts(ask, 1)
	return q
}

func (w *world) tick(symbol string, oracle perp.Price, inventory perp.Size) {
	w.do(perp.OracleTick{Symbol: symbol, Price: oracle, Sources: 3}, perp.QuoteChanged{Quote: w.quote(symbol, oracle, inventory)})
}

// fill deals one order with its fee, as the engine tells it.
func (w *world) fill(symbol, account string, side perp.Side, size perp.Size, price perp.Price) {
	w.version++
	id := "X" + perp.Size(w.version).String()
	o := perp.Order{OrderID: "O" + id, ClOrdID: "c" + id, Account: account, Symbol: symbol, Side: side, Type: perp.Market, TIF: perp.IOC, Size: size}
	fee := perp.MoneyOne * 3
	w.do(perp.PlaceOrder{Origin: perp.Origin{Session: account, Arrival: w.at() - perp.Millisecond}, Account: account, Symbol: symbol},
		perp.OrderAccepted{ExecID: "A" + id, Order: o},
		perp.Filled{ExecID: "E" + id, TradeID: "T" + id, Order: o, Price: price, Size: size, Fee: fee, Liquidity: perp.Removed},
		perp.Posted{Transfer: perp.Transfer{Debit: cash(account), Credit: perp.LedgerAccount{Owner: perp.Maker, Name: perp.Fees, Symbol: symbol}, Amount: fee, Reason: perp.TradeFee}})
}

func (w *world) deposit(account string, amount perp.Money) {
	w.do(perp.Deposit{Account: account, Amount: amount}, perp.Posted{Transfer: perp.Transfer{
		Debit: perp.LedgerAccount{Owner: perp.Outside, Name: perp.Deposits}, Credit: cash(account), Amount: amount, Reason: perp.DepositMade,
	}})
}

func cash(account string) perp.LedgerAccount {
	return perp.LedgerAccount{Owner: account, Name: perp.Cash}
}

func price(whole int64) perp.Price { return perp.Price(whole) * perp.PriceOne }

// serve opens the HTTP port for a model and closes it at the end of the test.
func serve(t *testing.T, m *Model) (url string, s *Server) {
	t.Helper()
	s, err := NewServer("127.0.0.1:0", m, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s.Find(nobodySpoke)
	s.Start()
	t.Cleanup(func() {
		if err := s.Stop(5 * time.Second); err != nil {
			t.Error(err)
		}
	})
	return "http://" + s.Addr().String(), s
}

// get asks for one path; header is a list of names and values.
func get(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, strings.TrimSpace(string(b))
}

// nobodySpoke is a search that finds nothing.
func nobodySpoke(_ context.Context, q Question) (Messages, error) {
	return Messages{Messages: []ToldMessage{}, Orders: []ToldOrder{}, Since: stampOf(perp.Time(q.Before.UnixNano()))}, nil
}
