package fix

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"backstop/perp"
	"backstop/spec"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/datadictionary"
)

// With -update the golden messages are written anew. Read the difference
// before committing it: clients parse these bytes.
var update = flag.Bool("update", false, "rewrite testdata/*.golden")

const testTime perp.Time = 1784721600_341_000_000 // 20260722-12:00:00.341

var testInstrument = perp.Instrument{Symbol: "SOL-PERP", Currency: "USDC", Tick: 5000, Lot: 100_000_000, MinSize: 100_000_000, MaxSize: 5000 * perp.SizeOne}

var testTerms = perp.Terms{InitialMargin: 50_000, MaintenanceMargin: 30_000, LookTolerance: perp.RatioOne / 2, Life: perp.Second / 2}

func price(s string) perp.Price { return must(perp.ParsePrice(s)) }
func size(s string) perp.Size   { return must(perp.ParseSize(s)) }
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// testDesk knows two markets, of which SOL-PERP is open and has no quote yet,
// and one account, which is long there.
func testDesk() *desk {
	k := newDesk(nil)
	k.users["ACME"] = userFacts{name: "acme", orders: 200, roles: []string{roleTrade}}
	other := testInstrument
	other.Symbol = "BTC-PERP"
	k.restate([]perp.Event{
		perp.MarketListed{Instrument: testInstrument, Terms: testTerms}, perp.MarketListed{Instrument: other, Terms: testTerms},
		perp.StateChanged{Symbol: "SOL-PERP", From: perp.Warming, To: perp.Open},
		perp.AccountOpened{Account: "ACME-MAIN", Sessions: []string{"ACME"}},
		perp.PositionChanged{Account: "ACME-MAIN", Symbol: "SOL-PERP", Size: size("250"), EntryNotional: -37_500 * coin},
	})
	return k
}

func testQuote(version int64, bid, ask string) perp.Quote {
	q := perp.Quote{
		Symbol: "SOL-PERP", Version: version, Time: testTime, ValidUntil: testTime + perp.Second/2, State: perp.Open,
		Oracle: price("150"), Confidence: price("0.004"), OracleTime: testTime - 20*perp.Millisecond, OpenInterest: size("125000"),
		Funding: perp.Funding{
			Every: hourly, Next: testTime + hourly/2, Booked: 12_500_000, Expected: -8_300_000,
			Long: index(3, 250_000_000_125), Short: index(3, 125_000_000_000),
		},
	}
	parts := func(side perp.Side, best string) (all []perp.Component) {
		sum := perp.Price(0)
		for _, c := range []perp.Component{{Name: "oracle", Amount: price("150")}, {Name: "recentre", Amount: 1000}, {Name: "base", Amount: 7500}, {Name: "volatility", Amount: 1500}, {Name: "flow", Amount: 300}} {
			if c.Name != "oracle" && c.Name != "recentre" {
				c.Amount *= perp.Price(side.Sign())
			}
			all, sum = append(all, c), sum+c.Amount
		}
		return append(all, perp.Component{Name: "rounding", Amount: price(best) - sum})
	}
	if bid != "" {
		q.BidParts = parts(perp.Sell, bid)
		q.Bids = []perp.Level{{Price: price(bid), Size: size("500")}, {Price: price(bid) - 10_000, Size: size("700")}}
	}
	if ask != "" {
		q.AskParts = parts(perp.Buy, ask)
		q.Asks = []perp.Level{{Price: price(ask), Size: size("500")}, {Price: price(ask) + 10_000, Size: size("700")}}
	}
	return q
}

// inbound builds a message as a client would send it: type and body fields
// separated by bars.
func inbound(text string) *quickfix.Message {
	kind, fields, _ := strings.Cut(text, "|")
	inner := "35=" + kind + "|49=ACME|56=BACKSTOP|34=7|52=20260722-12:00:00.300|" + fields
	raw := frame([]byte(strings.ReplaceAll(inner, "|", "\x01")))
	msg := quickfix.NewMessage()
	if err := quickfix.ParseMessageWithDataDictionary(msg, bytes.NewBuffer(raw), own(), own()); err != nil {
		panic(err)
	}
	return msg
}

// outbound gives a message the header that the session layer would, and
// returns its bytes.
func outbound(msg *quickfix.Message) []byte {
	msg.Header.SetString(8, "FIX.4.4")
	msg.Header.SetString(49, "BACKSTOP")
	msg.Header.SetString(56, "ACME")
	msg.Header.SetInt(34, 12)
	msg.Header.SetString(52, stamp(testTime))
	return []byte(msg.String())
}

// plain is a message without header and trailer, for reading.
func plain(msg *quickfix.Message) string {
	kind, fields := "", []string{}
	for _, f := range splitFields(outbound(msg)) {
		tag := quickfix.Tag(f.tag)
		if f.tag == 35 {
			kind = f.value
		} else if !tag.IsHeader() && !tag.IsTrailer() {
			fields = append(fields, strings.TrimSpace(quickfixField(f)))
		}
	}
	return "35=" + kind + "|" + strings.Join(fields, "|") + "|"
}

func quickfixField(f pair) string { return strconv.Itoa(f.tag) + "=" + f.value }

func dictionaryOf(src []byte) *datadictionary.DataDictionary {
	return must(datadictionary.ParseSrc(bytes.NewReader(src)))
}

var ownDictionary *datadictionary.DataDictionary

func own() *datadictionary.DataDictionary {
	if ownDictionary == nil {
		ownDictionary = dictionaryOf(spec.Dictionary())
	}
	return ownDictionary
}

// stock is the FIX44.xml that comes with the library: what clients use.
func stock(t *testing.T) *datadictionary.DataDictionary {
	t.Helper()
	return dictionaryOf(stockSource(t, "FIX44.xml"))
}

func validate(raw []byte, d *datadictionary.DataDictionary) error {
	msg := quickfix.NewMessage()
	if err := quickfix.ParseMessageWithDataDictionary(msg, bytes.NewBuffer(bytes.Clone(raw)), d, d); err != nil {
		return err
	}
	if rej := quickfix.NewValidator(pickiest, d, nil).Validate(msg); rej != nil {
		return rej
	}
	return nil
}

// golden compares lines with a file under testdata.
func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got\n%s\nwant\n%s", path, got, want)
	}
}

func kindOf(msg *quickfix.Message) string {
	kind, err := msg.MsgType()
	if err != nil {
		panic(err)
	}
	return kind
}
