package oracle

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"backstop/perp"
)

const minute = 60 * perp.Second

// Source times are whole numbers of a unit, from 2001 to 2100.
const (
	timeMin = 978_307_200 * perp.Second
	timeMax = 4_102_444_800 * perp.Second
)

// format is one kind of file, known by its header line.
type format struct {
	kind   string
	header string
	symbol string    // unless the file's name says another
	venues bool      // several venues vote
	step   perp.Time // least time between rows
	order  string    // hint when rows are not in order
	parse  func(fields []string, out []observation) ([]observation, error)
}

const (
	sorted  = "rows must be sorted by time"
	minutes = "rows must be sorted by time, a minute or more apart"
)

var formats = []*format{
	{kind: "books and trades", header: "local_us,venue,kind,exch_ms,bid_or_px,bidsz_or_qty,ask_or_side,asksz", symbol: "BTC-PERP", venues: true, order: sorted, parse: parseBook},
	{kind: "oracle series", header: "blockchainTimestamp,oraclePrice", symbol: "LUNA-PERP", order: sorted, parse: parseSeries},
	{kind: "minute bars", header: "ts_s,open,high,low,close,volume_base,volume_quote,trades,taker_buy_base", symbol: "AVAX-PERP", step: minute, order: minutes, parse: parseBar},
	{kind: "minute bars", header: "ts_s,open,high,low,close,volume_usde", symbol: "USDE-PERP", step: minute, order: minutes, parse: parseBar},
	{kind: "blocks", header: "ts_s,block,price_usde_in_usdt,tvl_usd", symbol: "USDE-PERP", order: sorted, parse: parseBlock},
}

func formatOf(header string) *format {
	for _, f := range formats {
		if f.header == header {
			return f
		}
	}
	return nil
}

func headers() string {
	all := make([]string, 0, len(formats))
	for _, f := range formats {
		all = append(all, strconv.Quote(f.header))
	}
	return strings.Join(all, ", ")
}

func (f *format) columns() int { return strings.Count(f.header, ",") + 1 }

// symbolOf is the market that a file is likely about: a word of its name such
// as "btc" or "ethusdt" tells, else its format does.
func symbolOf(path string, f *format) string {
	words := strings.FieldsFunc(strings.ToLower(filepath.Base(path)), func(c rune) bool { return c == '_' || c == '-' || c == '.' })
	for _, w := range words {
		base, quoted := strings.CutSuffix(w, "usdt")
		switch {
		case quoted && len(base) >= 2 && len(base) <= 10:
			return strings.ToUpper(base) + "-PERP"
		case w == "btc" || w == "luna" || w == "avax" || w == "usde":
			return strings.ToUpper(w) + "-PERP"
		}
	}
	return f.symbol
}

// parseBook reads one top of book (Q) or one trade (T) of one venue.
func parseBook(f []string, out []observation) ([]observation, error) {
	at, err := parseTime("local_us", f[0], perp.Microsecond)
	if err != nil {
		return nil, err
	}
	o := observation{at: at, venue: f[1]}
	if o.venue != "U" && o.venue != "C" && o.venue != "S" {
		return nil, flaw{fmt.Sprintf("unknown venue %q", f[1]), "U, C and S are known"}
	}
	if f[3] != "" {
		if _, err := parseTime("exch_ms", f[3], perp.Millisecond); err != nil {
			return nil, err
		}
	}
	bid, err := parsePrice("bid_or_px", f[4])
	if err != nil {
		return nil, err
	}
	if err := parseAmounts(f[5:6]); err != nil {
		return nil, err
	}
	switch f[2] {
	case "T":
		if f[6] != "B" && f[6] != "S" {
			return nil, flaw{fmt.Sprintf("unknown side %q of a trade", f[6]), "B or S"}
		}
		o.price, o.trade = bid, true
		return append(out, o), nil
	case "Q":
		ask, err := parsePrice("ask_or_side", f[6])
		if err != nil {
			return nil, err
		}
		if err := parseAmounts(f[7:8]); err != nil {
			return nil, err
		}
		return append(out, quoteOf(o, bid, ask)), nil
	default:
		return nil, flaw{fmt.Sprintf("unknown kind %q", f[2]), "Q for a top of book, T for a trade"}
	}
}

// quoteOf is the middle of a book and half its spread, rounded up: the true
// middle is never outside what the vote says.
func quoteOf(o observation, bid, ask perp.Price) observation {
	if bid > ask {
		o.reason = Crossed
		return o
	}
	o.price = bid + (ask-bid)/2
	o.half = ask - o.price
	return o
}

// parseSeries reads one update of an oracle.
func parseSeries(f []string, out []observation) ([]observation, error) {
	at, err := parseTime("blockchainTimestamp", f[0], perp.Second)
	if err != nil {
		return nil, err
	}
	price, err := parsePrice("oraclePrice", f[1])
	if err != nil {
		return nil, err
	}
	return append(out, observation{at: at, venue: "oracle", price: price}), nil
}

// parseBlock reads the price at one block.
func parseBlock(f []string, out []observation) ([]observation, error) {
	at, err := parseTime("ts_s", f[0], perp.Second)
	if err != nil {
		return nil, err
	}
	if n, err := strconv.ParseInt(f[1], 10, 64); err != nil || n < 0 {
		return nil, flaw{fmt.Sprintf("bad block %q", f[1]), "a whole number"}
	}
	price, err := parsePrice("price_usde_in_usdt", f[2])
	if err != nil {
		return nil, err
	}
	if err := parseAmounts(f[3:]); err != nil {
		return nil, err
	}
	return append(out, observation{at: at, venue: "block", price: price}), nil
}

// parseBar reads one minute and walks it second by second.
func parseBar(f []string, out []observation) ([]observation, error) {
	at, corners, err := cornersOf(f)
	if err != nil {
		return nil, err
	}
	return walk(out, at, corners), nil
}

// parseCorners reads one minute as the four prices that it states.
func parseCorners(f []string, out []observation) ([]observation, error) {
	at, corners, err := cornersOf(f)
	if err != nil {
		return nil, err
	}
	for _, p := range corners {
		out = append(out, observation{at: at, venue: "bars", price: p})
	}
	return out, nil
}

// cornersOf is a minute's open, both extremes and close, in the order in which
// it is taken to have seen them: a rising minute its low first, a falling one
// its high.
func cornersOf(f []string) (at perp.Time, c [4]perp.Price, err error) {
	if at, err = parseTime("ts_s", f[0], perp.Second); err != nil {
		return 0, c, err
	}
	var p [4]perp.Price
	for i, name := range []string{"open", "high", "low", "close"} {
		if p[i], err = parsePrice(name, f[1+i]); err != nil {
			return 0, c, err
		}
	}
	if err := parseAmounts(f[5:]); err != nil {
		return 0, c, err
	}
	open, high, low, end := p[0], p[1], p[2], p[3]
	if high < max(open, end) || low > min(open, end) {
		return 0, c, flaw{fmt.Sprintf("open %v and close %v are not between low %v and high %v", open, end, low, high), "the columns are open, high, low, close"}
	}
	if end < open {
		return at, [4]perp.Price{open, high, low, end}, nil
	}
	return at, [4]perp.Price{open, low, high, end}, nil
}

// walk goes from open to close by way of both extremes, in straight lines.
func walk(out []observation, at perp.Time, prices [4]perp.Price) []observation {
	corners := [...]struct {
		second int64
		price  perp.Price
	}{{0, prices[0]}, {20, prices[1]}, {40, prices[2]}, {59, prices[3]}}
	leg := 0
	for s := range int64(60) {
		for s > corners[leg+1].second {
			leg++
		}
		a, b := corners[leg], corners[leg+1]
		step := perp.MulDiv(int64(b.price-a.price), s-a.second, b.second-a.second, perp.Trunc)
		out = append(out, observation{at: at + perp.Time(s)*perp.Second, venue: "bars", price: a.price + perp.Price(step)})
	}
	return out
}

func parseTime(name, s string, unit perp.Time) (perp.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < int64(timeMin/unit) || n > int64(timeMax/unit) {
		return 0, flaw{fmt.Sprintf("bad %s %q", name, s), "a whole number of " + unitName(unit) + " since 1970, between 2001 and 2100"}
	}
	return perp.Time(n) * unit, nil
}

func unitName(unit perp.Time) string {
	switch unit {
	case perp.Second:
		return "seconds"
	case perp.Millisecond:
		return "milliseconds"
	default:
		return "microseconds"
	}
}

// priceDigits are the decimal places of perp.Price; sources state more.
const priceDigits = 6

// parsePrice reads a price and rounds it half up to the unit.
func parsePrice(name, s string) (perp.Price, error) {
	if err := parseAmount(strings.TrimPrefix(s, "-")); err != nil {
		return 0, flaw{fmt.Sprintf("bad %s %.40q", name, s), "a plain decimal number such as 61837.63"}
	}
	head, up := s, false
	if _, frac, _ := strings.Cut(s, "."); len(frac) > priceDigits {
		head, up = s[:len(s)-len(frac)+priceDigits], frac[priceDigits] >= '5'
	}
	p, err := perp.ParsePrice(head)
	if up {
		p++
	}
	switch {
	case err != nil || p > priceMax:
		return 0, flaw{fmt.Sprintf("%s %s is too large", name, s), fmt.Sprintf("at most %v", priceMax)}
	case p <= 0 || s[0] == '-':
		return 0, flaw{fmt.Sprintf("%s %s is not above zero", name, s), "at least 0.000001"}
	}
	return p, nil
}

// parseAmounts checks columns that are not used: a file with nonsense in them
// is probably not what it seems.
func parseAmounts(fields []string) error {
	for _, s := range fields {
		if err := parseAmount(s); err != nil {
			return err
		}
	}
	return nil
}

// amountMax is the longest number that is looked at.
const amountMax = 32

func parseAmount(s string) error {
	whole, frac, point := strings.Cut(s, ".")
	if len(s) > amountMax || !digits(whole) || point && !digits(frac) {
		return flaw{fmt.Sprintf("bad number %.40q", s), "a plain decimal number, not negative"}
	}
	return nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
