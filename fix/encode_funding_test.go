package fix

import (
	"strings"
	"testing"

	"backstop/perp"
)

// Funding is told with prices, in the snapshot and with every change, as it was when
// they were made; a market without it, a session in STRICT44 and who asked for no
// prices are told nothing of it.
func TestFundingIsTold(t *testing.T) {
	all := "|22020=0.0000125|22021=3600|22022=20260722-12:30:00.341|22023=-0.0000083|22024=3.250000000125|22025=3.125|"
	booked := testQuote(771, "149.98", "150.02")
	booked.Funding.Booked, booked.Funding.Long = -3, index(-1, 999_999_999_999)
	none := testQuote(772, "149.97", "150.03")
	none.Funding = perp.Funding{}
	for _, c := range []struct {
		name    string
		dialect dialect
		text    string
		quote   perp.Quote
		first   string // empty: nothing is said of funding
		then    string
	}{
		{"told", vamm1, stream, booked, all, "|22020=-0.000000000003|22021=3600|22022=20260722-12:30:00.341|22023=-0.0000083|22024=-0.000000000001|22025=3.125|"},
		{"no funding any more", vamm1, stream, none, all, ""},
		{"stock dialect", strict44, stream, booked, "", ""},
		{"trades alone", vamm1, with(stream, 269, "2"), booked, "", ""},
	} {
		k := testDesk()
		k.dialect = func(string) dialect { return c.dialect }
		subscribe(t, k, "ACME", c.text)
		for i, step := range []struct {
			quote perp.Quote
			want  string
		}{{testQuote(770, "149.9", "150.1"), c.first}, {c.quote, c.then}} {
			got := toldTo(k, "ACME", perp.QuoteChanged{Quote: step.quote})
			if !strings.Contains(got, step.want) || step.want == "" && strings.Contains(got, "|2202") {
				t.Errorf("%s, message %d: %s, want %s", c.name, i, got, step.want)
			}
		}
	}
}
