package fix

import (
	"strconv"
	"strings"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
)

// Values of UserRequestType(924) and UserStatus(926).
const (
	askLogOn       = '1'
	askLogOff      = '2'
	askNewPassword = '3'
	askStatus      = '4'

	userLoggedIn = 1
	userUnknown  = 3
	userOther    = 6
)

// userFields are those of a question about the session; what would change it is not
// done anyway, so its fields are passed over.
var userFields = []int{923, 924, 553}

// userMarketsMax is how many markets a status tells of.
const userMarketsMax = 20

// userFacts are what a session is told of itself.
type userFacts struct {
	name   string // Username
	orders int    // a second; 0: any
	roles  []string
}

// user answers BE: how the session stands. It is asked about itself alone, and
// nothing is changed by it. The lock is held.
func (k *desk) user(r *request, session string, now perp.Time) []*quickfix.Message {
	r.require(923, 924, 553)
	reqID, kind, name := r.id(923), r.code(924), r.id(553)
	facts := k.users[session]
	status, said := userOther, ""
	switch kind {
	case askStatus:
		status, said = userLoggedIn, k.standing(session, facts, now)
	case askNewPassword:
		said = perp.Unsupported.String() + " the desk changes passwords"
	case askLogOn, askLogOff:
		said = perp.Unsupported.String() + " a Logon or a Logout does that"
	default:
		r.wrong(924, rejectValue)
	}
	if kind == askStatus {
		r.only(userFields)
		if v := r.flawed().First(); !v.OK() {
			status, said = userOther, text(v)
		}
	}
	if name != facts.name {
		status, said = userUnknown, ""
	}
	return []*quickfix.Message{newBody("BF").add(923, reqID).add(553, name).num(926, status).opt(927, said).message()}
}

// standing is how a session is treated, market by market, and what it may.
func (k *desk) standing(session string, facts userFacts, now perp.Time) string {
	roles := facts.roles
	if len(roles) == 0 {
		roles = unlisted
	}
	said := append([]string{"roles=" + strings.Join(roles, ",")}, facts.limits()...)
	for i, symbol := range k.order {
		if i == userMarketsMax {
			said = append(said, "and "+strconv.Itoa(len(k.order)-i)+" more")
			break
		}
		m := k.markets[symbol]
		_, held := m.offers.of(session, now)
		g := m.offers.grades[session]
		one := symbol + " max_order=" + m.instrument.MaxSize.String() + " tier=" + strconv.Itoa(int(g.class.Tier)) + " last_look=" + onOff(held)
		if g.why != "" {
			one += " reason=" + g.why + " since=" + stamp(g.since)
		}
		said = append(said, one)
	}
	return strings.Join(said, " ")
}

// limits are what a session may send a second, by class of requests, and how many
// subscriptions and streams it may have.
func (f userFacts) limits() (said []string) {
	for _, c := range []struct {
		name string
		is   class
	}{{"orders", orders}, {"cancels", cancels}, {"quotes", quotes}, {"md", data}, {"queries", queries}} {
		most := "any"
		if f.orders > 0 {
			most = strconv.FormatInt(rateOf(c.is, f.orders), 10)
		}
		said = append(said, c.name+"_per_second="+most)
	}
	return append(said, "md_subscriptions="+strconv.Itoa(bookSubscriptionsMax),
		"account_subscriptions="+strconv.Itoa(accountSubscriptionsMax), "quote_streams="+strconv.Itoa(perp.StreamsEach))
}
