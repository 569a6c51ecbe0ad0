package fix

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"backstop/perp"
)

// TestRolesMatrix: each role may send what the rules of engagement say, and
// nothing else: the rest is refused with 380=6 and the id of the request.
func TestRolesMatrix(t *testing.T) {
	tradings := slices.DeleteFunc(slices.Sorted(maps.Keys(requests)), func(kind string) bool { return kind == "i" })
	may := map[string][]string{
		roleTrade:    tradings,
		roleCertify:  tradings,
		roleProvide:  {"BE", "Z", "c", "e", "g", "i", "x"},
		roleQuote:    {"BE", "R", "Z", "a", "c", "e", "g", "x"},
		roleMarket:   {"BE", "V", "c", "e", "g", "x"},
		roleAccount:  {"AD", "AF", "AN", "BB", "BE", "H", "c", "e", "g", "x"},
		roleDropCopy: {"AD", "AF", "AN", "BB", "BE", "H", "c", "e", "g", "x"},
	}
	for role, kinds := range may {
		c := newCodec(map[string][]string{"S": {role}}, testDesk())
		for kind, of := range requests {
			msg := inbound(kind + "|" + strconv.Itoa(of.ref) + "=ID-1|")
			_, rej := c.decode(msg, perp.Origin{Session: "S"})
			refused := rej != nil && rej.IsBusinessReject() && rej.RejectReason() == codesOf(perp.NotPermitted).business
			if allowed := slices.Contains(kinds, kind); refused == allowed {
				t.Errorf("role %s, 35=%s: refused %t, want %t (%v)", role, kind, refused, !allowed, rej)
			}
			if refused && rej.BusinessRejectRefID() != "ID-1" {
				t.Errorf("role %s, 35=%s: 379=%q", role, kind, rej.BusinessRejectRefID())
			}
		}
	}
	// Several roles add up; an unknown one gives nothing; without any, a session trades.
	c := newCodec(map[string][]string{"S": {roleQuote, roleMarket}, "U": {"admin"}}, testDesk())
	for _, r := range []struct {
		session, text string
		refused       bool
	}{{"S", "V|262=M|263=0|264=0|", false}, {"S", goodOrder, true}, {"U", "x|320=S|559=4|", true}, {"N", goodOrder, false}, {"N", "i|117=Q|", true}} {
		_, rej := c.decode(inbound(r.text), perp.Origin{Session: r.session})
		if got := rej != nil && rej.RejectReason() == codesOf(perp.NotPermitted).business && rej.IsBusinessReject(); got != r.refused {
			t.Errorf("%s %s: refused %t", r.session, r.text, got)
		}
	}
}
