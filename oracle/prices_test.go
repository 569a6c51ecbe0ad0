package oracle

import (
	"errors"
	"os"
	"path/filepath"
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
