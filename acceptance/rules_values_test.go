package acceptance

import "testing"

// rulesElsewhere are the promised fields and values that no scenario hears: who says them, or which
// test of which room has the gateway say them, or why it never does.
var rulesElsewhere = map[string]string{
	"A 141=N":   "client: a gateway that does not reset says nothing",
	"4 123=N":   "client: the gateway only fills gaps",
	"i 301=1":   "client: a provider asks for refusals alone",
	"i 301=2":   "client: a provider asks for every answer",
	"i 1":       "client: a provider names its account",
	"i 22090":   "client: a provider goes on",
	"i 22090=N": "client: as if absent",
	"i 22090=Y": "client: a provider goes on",
	// The codes of reasons that come to no such request; the table of reasons has a code
	// for every reason and message, so that none can be without.
	"AG 658=4": "never: a request for a quote is not too old",
	"8 103=4":  "never: an order is not late",
	"8 103=5":  "never: an unknown order is told by 150=I and 9",
	"BG 946=1": "never: collateral is of an account, not of a market",
	"j 380=2":  "never: what names a market has a reject of its own",
	"j 380=5":  "never: what lacks a field under a condition has a reject of its own",
	// What takes a gateway, a market or a client of another kind than these.
	"1 112":         "fix TestEveryEndIsTold", // Here by chance: who waits long is asked whether it is there.
	"4 123=Y":       "fix TestNumbersAtLogon",
	"f 326=21":      "fix TestMarketStates",
	"h 325":         "fix TestVenueState",
	"h 325=Y":       "fix TestVenueState",
	"h 340=1":       "fix TestVenueState",
	"h 340=3":       "fix TestVenueState",
	"AP 22077":      "fix TestOutboundGoldenVAMM1", // By chance: what was left of a position had a price of liquidation.
	"AX 895=4":      "fix TestOutboundGolden",
	"AM 722=4":      "fix TestOutboundGolden",
	"22013=2":       "fix TestFirmness",
	"22034=3":       "fix TestQuoteCodes",
	"22034=4":       "fix TestQuoteCodes",
	"22034=8":       "fix TestQuoteCodes",
	"22040=1":       "acceptance TestOrderKinds", // Here by chance, as 6: where the price has gone meanwhile.
	"22040=6":       "acceptance TestHeldOrders",
	"22040=3":       "acceptance TestHeldOrders",
	"22040=4":       "fix TestOutboundGoldenVAMM1",
	"22040=5":       "acceptance TestHeldOrders",
	"22050=2":       "fix TestCollateralHasTheTier",
	"22050=3":       "fix TestCollateralHasTheTier",
	"22051=MARKOUT": "fix TestCollateralHasTheTier",
	"22051=STRIKE":  "fix TestCollateralHasTheTier",
}

// values names what was promised and not heard, and what is excused and was heard.
func (s *RulesSeen) values(t *testing.T) {
	t.Helper()
	promised := map[string]bool{}
	for _, v := range promisedValues() {
		promised[v] = true
		if why := rulesElsewhere[v]; !s.Values[v] && why == "" {
			t.Errorf("nothing said %s", v)
		}
	}
	for v := range rulesElsewhere {
		if !promised[v] {
			t.Errorf("%s is excused, and not promised", v)
		}
	}
}
