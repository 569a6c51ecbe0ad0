package perp

import (
	"encoding/json"
	"math"
	"testing"
)

func TestJSONRoundTrip(t *testing.T) {
	type values struct {
		P Price
		S Size
		M Money
		R Ratio
	}
	for _, want := range []values{
		{}, {1, -1, 60_000_500_000, -100},
		{math.MaxInt64, math.MinInt64, math.MinInt64, math.MaxInt64},
	} {
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got values
		if err := json.Unmarshal(data, &got); err != nil || got != want {
			t.Errorf("%s came back as %+v (%v)", data, got, err)
		}
	}
	for _, bad := range []string{`1.5`, `"1"`, `1e3`, `9223372036854775808`, `true`, `null`} {
		if err := json.Unmarshal([]byte(`{"M":`+bad+`}`), &values{}); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
