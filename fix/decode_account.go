package fix

import (
	"time"

	"backstop/perp"
)

// accountRole is PartyRole(452) of a customer account: how AD, which has no
// Account(1), names one.
const accountRole = "24"

var (
	inquiryFields = []int{909, 263, 1}
	tradeFields   = []int{568, 569, 263, 17, 37, 11, 453, 55, 580}
)

// decodePositions reads AN: the positions of one account, once or, by the desk,
// at each change.
func decodePositions(_ *codec, r *request, o perp.Origin) perp.Command {
	p := perp.RequestPositions{Origin: o, ReqID: r.id(710), Account: r.id(1), Symbol: r.id(55)}
	r.when(60)
	r.date(715)
	r.count(581)
	if r.count(453) < 1 {
		r.wrong(453, rejectValue)
	}
	if v := r.code(724); v != '0' {
		r.flaw(perp.Unsupported, "tag=724")
	}
	r.subscription(true)
	p.Flawed = r.flawed()
	return p
}

// decodeCollateral reads BB: the collateral of one account, once or, by the
// desk, at each change.
func decodeCollateral(_ *codec, r *request, o perp.Origin) perp.Command {
	b := perp.RequestCollateral{Origin: o, ReqID: r.id(909), Account: r.id(1)}
	r.subscription(true)
	r.count(581)
	r.only(inquiryFields, harmless)
	b.Flawed = r.flawed()
	return b
}

// decodeTrades reads AD: the trades of one account, narrowed down by what else
// it states. Without an account it is the session's only one.
func decodeTrades(_ *codec, r *request, o perp.Origin) perp.Command {
	t := perp.RequestTrades{
		Origin: o, ReqID: r.id(568), Account: r.partyAccount(), Symbol: r.id(55), OrderID: r.id(37), ClOrdID: r.id(11),
		TradeID: r.id(17),
	}
	switch v := r.code(569); {
	case v >= '2' && v <= '4':
		r.flaw(perp.Unsupported, "569="+string(v))
	case v != '0' && v != '1':
		r.wrong(569, rejectValue)
	}
	r.subscription(false)
	t.From, t.To = r.period()
	r.only(tradeFields, []int{60}, harmless)
	t.Flawed = r.flawed()
	return t
}

// subscription checks SubscriptionRequestType(263). Where nothing can be
// subscribed to, only a snapshot (0) is possible.
func (r *request) subscription(possible bool) {
	switch v := r.code(263); {
	case v == 0 || v == '0':
	case v != '1' && v != '2':
		r.wrong(263, rejectValue)
	case !possible:
		r.flaw(perp.Unsupported, "263="+string(v))
	}
}

// partyAccount returns the party (453) that is a customer account.
func (r *request) partyAccount() string {
	party := ""
	for _, f := range r.fields {
		switch {
		case f.tag == 448:
			party = f.value
		case f.tag == 452 && f.value == accountRole:
			if party == "" || len(party) > idMax || !printable(party) {
				r.wrong(448, rejectValue)
			}
			return party
		}
	}
	return ""
}

// moment is one member of NoDates(580).
type moment struct {
	day  time.Time
	time perp.Time // zero: not stated
}

// period reads the dates (580): one is that UTC day, or from its time (60) to
// the end of the day; two are from the first to the second, a day as a whole, a
// time exclusive.
func (r *request) period() (from, to perp.Time) {
	if _, stated := r.get(580); !stated {
		return 0, 0
	}
	all := r.moments()
	if n := r.count(580); n != len(all) || n < 1 || n > 2 {
		r.flaw(perp.BadRequest, "580: one date or two")
		return 0, 0
	}
	first, last := all[0], all[len(all)-1]
	from, to = first.time, last.time
	if from == 0 {
		from = perp.Time(first.day.UnixNano())
	}
	if to == 0 || len(all) == 1 {
		to = perp.Time(last.day.AddDate(0, 0, 1).UnixNano())
	}
	if to <= from {
		r.flaw(perp.BadRequest, "580: ends before it begins")
		return 0, 0
	}
	return from, to
}

// moments reads the members of 580, each a date (75) and perhaps a time (60)
// within that day.
func (r *request) moments() (all []moment) {
	for _, f := range r.fields {
		one := request{fields: []pair{f}}
		switch {
		case f.tag == 75:
			day, err := time.Parse("20060102", f.value)
			if err != nil || day.Year() < 1970 || day.Year() > 2200 {
				r.wrong(75, rejectFormat)
				return nil
			}
			all = append(all, moment{day: day})
		case f.tag == 60 && len(all) == 0:
			r.flaw(perp.BadRequest, "580: 60 before 75")
		case f.tag == 60:
			m := &all[len(all)-1]
			m.time = one.when(60)
			r.fail(one.rej)
			if day := perp.Time(m.day.UnixNano()); one.rej == nil && (m.time < day || m.time >= day+24*60*60*perp.Second) {
				r.flaw(perp.BadRequest, "580: 60 is not on the day of its 75")
			}
		}
	}
	return all
}
