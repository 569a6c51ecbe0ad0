package fix

import (
	"fmt"

	"backstop/perp"
)

// positions answers AN: one AP for each position, or one AO that says why there
// is none. A subscription gets AO in any case.
func (c *codec) positions(ev perp.PositionsReported, at perp.Time, seq int64) []outMessage {
	session := ev.Origin.Session
	if ev.Unsolicited {
		return c.positionChanged(ev, at, seq)
	}
	if !ev.Verdict.OK() {
		return c.to(session, "", positionAck(ev, at, codesOf(ev.Verdict.Reject).position, positionsRejected))
	}
	if len(ev.Positions) == 0 {
		return c.to(session, "", positionAck(ev, at, positionsNone, positionsComplete))
	}
	var out []outMessage
	if c.desk.subscribing(ev.Origin) {
		out = c.to(session, "", positionAck(ev, at, positionsValid, positionsComplete))
	}
	for i, p := range ev.Positions {
		b := newBody("AP").add(721, reportID(ev, at, i)).add(710, ev.ReqID).add(724, "0").num(727, len(ev.Positions))
		b.num(728, positionsValid).add(325, "N")
		out = append(out, c.to(session, "", c.position(b, session, at, p))...)
	}
	return out
}

// positionChanged tells a subscriber of a change; flat is told too.
func (c *codec) positionChanged(ev perp.PositionsReported, at perp.Time, seq int64) (out []outMessage) {
	session := ev.Origin.Session
	for i, p := range ev.Positions {
		if c.desk.watches(session, watchKey{positionsOf, p.Account, p.Symbol}) {
			b := newBody("AP").add(721, fmt.Sprintf("PM%d.%d", seq, i)).num(728, positionsValid).add(325, "Y")
			out = append(out, c.to(session, "", c.position(b, session, at, p))...)
		}
	}
	return out
}

func positionAck(ev perp.PositionsReported, at perp.Time, result, status int) *body {
	b := newBody("AO").add(721, reportID(ev, at, len(ev.Positions))).add(710, ev.ReqID).num(727, len(ev.Positions))
	b.num(728, result).num(729, status).group(453, party(ev.Origin.Session)).add(1, accountOf(ev)).add(581, "1")
	if !ev.Verdict.OK() {
		b.refusal(ev.Verdict)
	}
	return b
}

// positionEnded answers the end of a subscription, or says why there is none.
func positionEnded(ev perp.PositionsReported) *body {
	result, status := positionsValid, positionsComplete
	if !ev.Verdict.OK() {
		result, status = codesOf(ev.Verdict.Reject).position, positionsRejected
	}
	return positionAck(ev, ev.Origin.Arrival, result, status)
}

func (c *codec) position(b *body, session string, at perp.Time, p perp.PositionView) *body {
	b.add(715, day(at)).group(453, party(session))
	b.add(1, p.Account).add(581, "1").add(55, p.Symbol)
	if inst, known := c.desk.instrument(p.Symbol); known {
		b.add(15, inst.Currency)
	}
	b.add(730, p.Mark.String()).add(731, "2").add(734, p.PriorMark.String())
	b.group(702, totalQty(p.Size))
	b.group(753,
		[]pair{{707, "IMTM"}, {708, p.Unrealised.String()}}, []pair{{707, "VADJ"}, {708, p.Funding.String()}},
		[]pair{{707, "FMTM"}, {708, p.Settled.String()}}, []pair{{707, "CASH"}, {708, p.Claim.String()}})
	b.add(22015, p.Mark.String()).add(22070, p.Claim.String()).add(22071, p.Settleable().String()).add(22072, p.Pool.String())
	if p.Liquidation > 0 {
		b.add(22077, p.Liquidation.String())
	}
	if even := p.BreakEven(); even > 0 {
		b.add(22078, even.String())
	}
	return b.eventSeq(c.includes(session, p.Account))
}

// reportID is unique for ever within a session: time, request and position; an
// acknowledgement comes after the positions.
func reportID(ev perp.PositionsReported, at perp.Time, i int) string {
	return fmt.Sprintf("PM%d-%d-%d", at, ev.Origin.InSeq, i)
}

// party names the client's firm by its CompID.
func party(session string) []pair { return []pair{{448, session}, {447, "D"}, {452, "13"}} }

// accountOf is the account of an answer; a refused one may have none.
func accountOf(ev perp.PositionsReported) string {
	if ev.Account == "" {
		return none
	}
	return ev.Account
}
