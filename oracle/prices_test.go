package oracle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"backstop/perp"
)

func TestPricesOfTheFirstVenue(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var got []perp.Price
	tell := func(_ perp.Time, p perp.Price) { got = append(got, p) }
	good := write("a.csv", "blockchainTimestamp,oraclePrice\n1652068000,61.5\n1652068001,61.5\n1652068003,60\n")
	if err := Prices(good, tell); err != nil || len(got) != 3 || got[2] != 60*perp.PriceOne {
		t.Errorf("%v, %v", got, err)
	}
	var problem *Problem
	if err := Prices(write("b.csv", "blockchainTimestamp,oraclePrice\n1652068000,x\n"), tell); !errors.As(err, &problem) || problem.Line != 2 {
		t.Errorf("a bad row: %v", err)
	}
	if err := Prices(write("c.csv", "blockchainTimestamp,oraclePrice\n"), tell); !errors.As(err, &problem) {
		t.Errorf("no rows: %v", err)
	}
	if err := Prices(filepath.Join(dir, "none.csv"), tell); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestPricesOfThePerpetual: of several venues the perpetual's book is told, and
// its trades say it again; what other venues say does not count.
func TestPricesOfThePerpetual(t *testing.T) {
	path := write(t, "b.csv.gz", bookHeader,
		quote(0, "S", "50000", "50002"), trade(5, "U", "1"), quote(10, "U", "60000", "60002"), quote(20, "U", "60003", "60001"),
		trade(30, "S", "50000"), trade(900, "U", "61000"), quote(950, "C", "1", "2"), quote(960, "U", "60001", "60002"), quote(960, "U", "60002", "60004"))
	var got []string
	err := Prices(path, func(at perp.Time, p perp.Price) { got = append(got, fmt.Sprint(at/perp.Millisecond%10_000, " ", p)) })
	if want := "4010 60001, 4900 60001, 4960 60003"; err != nil || strings.Join(got, ", ") != want {
		t.Errorf("%v instead of %s, %v", got, want, err)
	}
}

// TestBars: the corners of each minute, the low first if it rose; nothing of
// files that have no bars.
func TestBars(t *testing.T) {
	var got []Bar
	tell := func(b Bar) { got = append(got, b) }
	const one = perp.PriceOne
	for _, c := range []struct {
		lines []string
		want  []Bar
	}{
		{[]string{barHeader, "1760054400,10,14,8,12,1", "1760054520,12,14,8,10,1"}, []Bar{
			{1_760_054_400 * perp.Second, [4]perp.Price{10 * one, 8 * one, 14 * one, 12 * one}},
			{1_760_054_520 * perp.Second, [4]perp.Price{12 * one, 14 * one, 8 * one, 10 * one}},
		}},
		{[]string{klineHeader, "1738368000,5,5,5,5,1,1,1,1"}, []Bar{{1_738_368_000 * perp.Second, [4]perp.Price{5 * one, 5 * one, 5 * one, 5 * one}}}},
		{[]string{seriesHeader, "1652068000,61.5"}, nil},
		{[]string{blockHeader, "1760112011,23548382,1.00013047,35083165"}, nil},
	} {
		got = nil
		if err := Bars(write(t, "f.csv", c.lines...), tell); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v instead of %v, %v", c.lines[0], got, c.want, err)
		}
	}
	var problem *Problem
	if err := Bars(write(t, "f.csv", barHeader, "1760054400,2,1,1,1,6"), tell); !errors.As(err, &problem) || problem.Line != 2 {
		t.Errorf("a bad bar: %v", err)
	}
}
