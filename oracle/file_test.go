package oracle

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"backstop/perp"
)

func TestFormats(t *testing.T) {
	const bars = "1738368000,34.4,34.6,34.2,34.5,98,34.5,13,35"
	for _, c := range []struct {
		name  string
		lines []string
		want  FileInfo
	}{
		{"x.csv", []string{bookHeader, quote(0, "S", "61837.63", "61837.64"), trade(1, "S", "61837"), quote(2, "U", "61836", "61835"), quote(500, "C", "61837", "61838")},
			FileInfo{"books and trades", "BTC-PERP", 61_837_635_000, 100_000, perp.SizeOne / 1000, 4, 500 * perp.Millisecond, 1}},
		{"x.csv.gz", []string{seriesHeader, "1652069091,61.52953651", "1652069111,1.1"},
			FileInfo{"oracle series", "LUNA-PERP", 61_529_537, 100, perp.SizeOne, 2, 20 * perp.Second, 0}},
		{"x.csv", []string{klineHeader, bars, ""},
			FileInfo{"minute bars", "AVAX-PERP", 34_400_000, 100, perp.SizeOne, 1, 59 * perp.Second, 0}},
		{"x.csv.gz", []string{barHeader, "1760054400,0.9999,0.9999,0.9999,0.9999,6\r", "1760054520,1,1,0.65,1,0\r"},
			FileInfo{"minute bars", "USDE-PERP", 999_900, 1, perp.SizeOne, 2, 179 * perp.Second, 0}},
		{"ethusdt_1m.csv", []string{blockHeader, "1760112011,23548382,1.00013047,35083165", "1760112023,23548383,1.0001,3"},
			FileInfo{"blocks", "ETH-PERP", 1_000_130, 10, perp.SizeOne, 2, 12 * perp.Second, 0}},
	} {
		path := write(t, c.name, c.lines...)
		info, err := Check(path)
		if err != nil || info != c.want {
			t.Errorf("%s: %+v instead of %+v, %v", c.want.Kind, info, c.want, err)
			continue
		}
		ticks, status := play(t, path, FileOptions{Symbol: "MY-PERP"})
		if len(ticks) == 0 || ticks[0].Price != c.want.FirstPrice || ticks[0].Symbol != "MY-PERP" {
			t.Errorf("%s: %+v", c.want.Kind, ticks)
		}
		for _, s := range status {
			if !s.Ended || s.Up || s.Symbol != "MY-PERP" || s.Messages == 0 {
				t.Errorf("%s: %+v", c.want.Kind, s)
			}
		}
	}
}

func TestSuggestedLotFitsTick(t *testing.T) {
	for p := perp.Price(1); p <= priceMax; p = p*7/3 + 1 {
		tick, lot := suggest(p)
		if tick < 1 || lot < 1 || lot > perp.SizeOne || int64(tick)*int64(lot)%int64(perp.SizeOne) != 0 {
			t.Errorf("price %v: tick %v, lot %v", p, tick, lot)
		}
		if int64(p) >= 100_000 && int64(p)/int64(tick) < 100_000 {
			t.Errorf("price %v: tick %v is too coarse", p, tick)
		}
	}
}

func TestWalkOfABar(t *testing.T) {
	for _, c := range []struct {
		bar  string
		want map[int]string // prices by second
	}{
		{"1738368000,10,14,8,12,1", map[int]string{0: "10", 10: "9", 20: "8", 30: "11", 40: "14", 59: "12"}},
		{"1738368000,12,14,8,10,1", map[int]string{0: "12", 10: "13", 20: "14", 30: "11", 40: "8", 59: "10"}},
		{"1738368000,5,5,5,5,0", map[int]string{0: "5", 33: "5", 59: "5"}},
	} {
		ticks, _ := play(t, write(t, "b.csv", barHeader, c.bar), FileOptions{})
		if len(ticks) != 60 {
			t.Fatalf("%s: %d ticks", c.bar, len(ticks))
		}
		for second, want := range c.want {
			if got := ticks[second]; got.Price.String() != want || got.Receive != epoch+perp.Time(second)*perp.Second {
				t.Errorf("%s: second %d: %+v instead of %s", c.bar, second, got, want)
			}
		}
	}
}

func TestPlayedTimes(t *testing.T) {
	path := write(t, "l.csv", seriesHeader, "1652069000,60", "1652069010,61", "1652069010,62", "1652069040,63")
	for _, speed := range []float64{0, 0.5, 10, 1_000_000} {
		ticks, _ := play(t, path, FileOptions{Speed: speed})
		last := perp.Time(0)
		for _, k := range ticks {
			if k.Publish > k.Receive || k.Publish < last {
				t.Errorf("speed %v: %+v", speed, k)
			}
			last = k.Publish
		}
		if speed == 0 {
			speed = 1
		}
		if want := epoch + perp.Time(40/speed*float64(perp.Second)); last != want {
			t.Errorf("speed %v: ends at %d, not %d", speed, last-epoch, want-epoch)
		}
	}
	ticks, _ := play(t, path, FileOptions{Speed: 10})
	if got := prices(ticks); got != "60 62 63" {
		t.Errorf("two prices at one time: %s", got)
	}
}

func TestNewestWins(t *testing.T) {
	lines := []string{bookHeader}
	for ms := int64(0); ms < 200; ms++ {
		lines = append(lines, quote(ms, "U", fmt.Sprint(60_000+ms), fmt.Sprint(60_000+ms)))
	}
	ticks, status := play(t, write(t, "b.csv", lines...), FileOptions{})
	if got := prices(ticks); got != "60000 60050 60100 60150 60199" {
		t.Errorf("%s", got)
	}
	for i := 1; i < len(ticks); i++ {
		if gap := ticks[i].Receive - ticks[i-1].Receive; gap < emitGap {
			t.Errorf("%d ns between ticks", gap)
		}
	}
	if len(status) != 1 || status[0].Messages != 200 {
		t.Errorf("%+v", status)
	}
}

// lateClock loses time at every look, like a reader that cannot keep up.
type lateClock struct{ leapClock }

func (c *lateClock) Now() perp.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += 10 * perp.Millisecond
	return c.now
}

func TestLateReaderStillSends(t *testing.T) {
	lines := []string{bookHeader}
	for ms := int64(0); ms < 200; ms++ {
		lines = append(lines, quote(ms, "U", fmt.Sprint(60_000+ms), fmt.Sprint(60_000+ms)))
	}
	feed, _, err := OpenFile(write(t, "b.csv", lines...), FileOptions{Clock: &lateClock{leapClock{now: epoch}}})
	if err != nil {
		t.Fatal(err)
	}
	var ticks []perp.OracleTick
	if err := feed.Run(t.Context(), func(k perp.OracleTick) { ticks = append(ticks, k) }); err != nil {
		t.Fatal(err)
	}
	if n := len(ticks); n < 20 || n > 100 || ticks[n-1].Price.String() != "60199" {
		t.Errorf("%d ticks: %s", n, prices(ticks))
	}
}

func TestVenuesOfABookFile(t *testing.T) {
	ticks, status := play(t, write(t, "b.csv", bookHeader,
		trade(0, "U", "60000"),               // no book yet: the trade is the price
		quote(100, "S", "60009", "60011"),    // two venues
		quote(200, "C", "50000", "50002"),    // left out: the others agree
		quote(300, "U", "60003", "60001"),    // crossed
		quote(9_000, "S", "60020", "60022"),  // U still counts
		trade(10_000, "C", "50000"),          // C lives
		quote(10_100, "S", "60020", "60022"), // U is stale; two that disagree are both kept
	), FileOptions{})
	var sources []int64
	for _, k := range ticks {
		sources = append(sources, k.Sources)
	}
	if got := fmt.Sprint(prices(ticks), sources); got != "60000 60004.5 60004.5 60010 60010 55011[1 2 2 2 2 2]" {
		t.Errorf("%s", got)
	}
	for _, s := range status {
		switch {
		case s.Source == "U" && (s.Messages != 2 || s.Dropped["crossed"] != 1):
			t.Errorf("%+v", s)
		case s.Source == "C" && (s.Messages != 2 || s.Dropped["too far off"] != 3):
			t.Errorf("%+v", s)
		}
	}
}

func TestBadFiles(t *testing.T) {
	first := quote(100, "S", "61837.63", "61837.64")
	swap := func(from, to string) string { return strings.Replace(first, from, to, 1) }
	const series = "1652069091,61.5"
	for _, c := range []struct {
		name  string
		lines []string
		want  string // after the file's name
	}{
		{"unknown header", []string{"time,price", "1,2"}, `:1: unknown header "time,price" (known are: `},
		{"header alone", []string{seriesHeader}, ":1: no row with a price (a feed file needs"},
		{"crossed alone", []string{bookHeader, quote(0, "U", "2", "1")}, ":2: no row with a price"},
		{"bad price", []string{seriesHeader, series, "1652069092,6x.5"}, `:3: bad oraclePrice "6x.5" (a plain`},
		{"exponent", []string{seriesHeader, "1652069092,6e3"}, `:2: bad oraclePrice "6e3"`},
		{"zero price", []string{seriesHeader, "1652069092,0.0000001"}, ":2: oraclePrice 0.0000001 is not above zero (at least"},
		{"negative price", []string{seriesHeader, "1652069092,-1"}, ":2: oraclePrice -1 is not above zero"},
		{"large price", []string{seriesHeader, "1652069092,1000000000.1"}, ":2: oraclePrice 1000000000.1 is too large (at most 1000000000)"},
		{"largest number", []string{seriesHeader, "1652069092,9223372036854775807"}, ":2: oraclePrice 9223372036854775807 is too large"},
		{"time backwards", []string{seriesHeader, series, "", "1652069090,61"}, ":4: time goes backwards by 1000000000 ns (rows must be sorted by time)"},
		{"bad time", []string{seriesHeader, "1652069091.5,61"}, `:2: bad blockchainTimestamp "1652069091.5" (a whole number of seconds`},
		{"time of another unit", []string{seriesHeader, "1652069091000,61"}, ":2: bad blockchainTimestamp"},
		{"field missing", []string{seriesHeader, "1652069091"}, ":2: 1 fields instead of 2 (the header is"},
		{"line too long", []string{seriesHeader, series, strings.Repeat("1", lineMax+1)}, ":3: line too long (at most"},
		{"unknown venue", []string{bookHeader, swap(",S,", ",X,")}, `:2: unknown venue "X" (U, C and S`},
		{"unknown kind", []string{bookHeader, swap(",Q,", ",P,")}, `:2: unknown kind "P" (Q for`},
		{"bad size", []string{bookHeader, first, swap(",1.5", ",-1.5")}, `:3: bad number "-1.5"`},
		{"bad ask", []string{bookHeader, swap("61837.64", "")}, `:2: bad ask_or_side ""`},
		{"bad side", []string{bookHeader, strings.Replace(trade(1, "U", "5"), ",S,", ",X,", 1)}, `:2: unknown side "X"`},
		{"bad exchange time", []string{bookHeader, swap("Q,,", "Q,x,")}, `:2: bad exch_ms "x"`},
		{"bars overlap", []string{barHeader, "1760054400,1,1,1,1,6", "1760054430,1,1,1,1,6"}, ":3: only 30000000000 ns after the row before (rows must be sorted by time, a minute"},
		{"open above high", []string{barHeader, "1760054400,2,1,1,1,6"}, ":2: open 2 and close 1 are not between low 1 and high 1"},
		{"bad bar", []string{barHeader, "1760054400,2,1,,1,6"}, `:2: bad low ""`},
		{"bad volume", []string{klineHeader, "1738368000,1,1,1,1,x,1,1,1"}, `:2: bad number "x"`},
		{"bad block", []string{blockHeader, "1760112011,-3,1,1"}, `:2: bad block "-3" (a whole`},
		{"bad value locked", []string{blockHeader, "1760112011,3,1,"}, `:2: bad number ""`},
	} {
		path := write(t, "f.csv", c.lines...)
		_, err := Check(path)
		var p *Problem
		if !errors.As(err, &p) || !strings.HasPrefix(err.Error(), path+c.want) || p.Hint == "" {
			t.Errorf("%s: %v", c.name, err)
		}
		if feed, _, err := OpenFile(path, FileOptions{}); err == nil || feed != nil {
			t.Errorf("%s: opened", c.name)
		}
	}
}

func TestBrokenFiles(t *testing.T) {
	var lines []string
	for i := range 5_000 {
		lines = append(lines, fmt.Sprintf("%d,61.%d", 1_652_069_091+i, i*i%9973))
	}
	whole := write(t, "w.csv.gz", append([]string{seriesHeader}, lines...)...)
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte(nil), data...)
	damaged[len(damaged)-8] ^= 1 // In the checksum.
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"cut.csv.gz":     {data[:len(data)/2], "truncated gzip file"},
		"head.csv.gz":    {data[:5], "truncated gzip file"},
		"tail.csv.gz":    {data[:len(data)-3], "truncated gzip file"},
		"damaged.csv.gz": {damaged, "damaged gzip file"},
		"empty.csv":      {nil, ":1: the file is empty (the first line must be"},
		"empty.csv.gz":   {nil, ":1: the file is empty"},
		"plain.csv.gz":   {[]byte(seriesHeader), "no gzip file"},
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Check(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Check(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for _, speed := range []float64{-1, 0.0001, 2e6, math.NaN(), math.Inf(1)} {
		if _, _, err := OpenFile(whole, FileOptions{Speed: speed}); err == nil {
			t.Errorf("speed %v is taken", speed)
		}
	}
}

// TestFileThatChanges opens a good file that is bad by the time it is played.
func TestFileThatChanges(t *testing.T) {
	path := write(t, "f.csv", seriesHeader, "1652069091,61.5")
	feed, _, err := OpenFile(path, FileOptions{Clock: &leapClock{now: epoch}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(seriesHeader+"\n1652069091,61.5\n1652069092,x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var p *Problem
	if err := feed.Run(t.Context(), func(perp.OracleTick) {}); !errors.As(err, &p) || p.Line != 3 {
		t.Errorf("%v", err)
	}
}

// TestRealFiles reads and plays real prices where they are at hand.
func TestRealFiles(t *testing.T) {
	dir := os.Getenv("BACKSTOP_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no real prices here: set BACKSTOP_DATA to a folder of .csv.gz files")
	}
	for _, path := range files {
		ticks, status := play(t, path, FileOptions{Speed: 10})
		info, err := Check(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v, %d ticks", filepath.Base(path), info, len(ticks))
		for _, s := range status {
			t.Logf("  %+v", s)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := linesOf(t, file); n != info.Rows+1 {
			t.Errorf("%s: %d lines, %d rows", path, n, info.Rows)
		}
		last := perp.Time(0)
		for _, k := range ticks {
			if k.Price <= 0 || k.Sources < 1 || k.Receive < last+emitGap && last > 0 {
				t.Fatalf("%s: %+v", path, k)
			}
			last = k.Receive
		}
	}
}

func linesOf(t *testing.T, file *os.File) (n int64) {
	t.Helper()
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return int64(strings.Count(strings.TrimSuffix(string(data), "\n"), "\n") + 1)
}
