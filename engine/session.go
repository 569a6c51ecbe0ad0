package engine

import (
	"slices"
	"strconv"

	"backstop/perp"
)

// SessionSpec is what the configuration says of a FIX session.
type SessionSpec struct {
	Name   string
	Cancel bool      `json:",omitempty"` // its working orders end with the connection, unless the client asks otherwise
	Grace  perp.Time `json:",omitempty"` // how long they wait for the client to come back
}

// session is what the engine keeps of a FIX session.
type session struct {
	Name     string
	Cancel   bool      // as the client asked at its last logon, or as configured
	Grace    perp.Time // after the end of the connection
	Up       bool      // logged on, as far as the journal knows
	Ended    bool      // gone, and its orders with it, at Until
	Keeps    bool      `json:",omitempty"` // but for those that are tied to the connection
	Until    perp.Time // end of the grace that runs; zero: none runs
	Disabled bool
	By       string `json:",omitempty"` // who disabled it
	Reason   string `json:",omitempty"` // and why
}

// numberMax is the largest sequence number that the desk may set.
const numberMax = 999_999_999

// session finds a session by name, and where it belongs if there is none.
func (e *Engine) session(name string) (i int, known bool) {
	return slices.BinarySearchFunc(e.state.Sessions, name, func(s session, n string) int { return compare(s.Name, n) })
}

// ensure finds a session or makes one.
func (e *Engine) ensure(name string) (s *session, known bool) {
	i, known := e.session(name)
	if !known {
		e.state.Sessions = slices.Insert(e.state.Sessions, i, session{Name: name})
	}
	return &e.state.Sessions[i], known
}

// enlist takes over what the configuration says of sessions. The gateway starts
// again, so nobody is connected: whoever was is treated as gone now, as is one
// whose orders are older than the record of its connection. A grace that ran
// before goes on, or ends if it is over.
func (e *Engine) enlist(specs []SessionSpec) {
	for _, spec := range specs {
		s, known := e.ensure(spec.Name)
		if !known {
			s.Up = len(e.ordersOf(spec.Name)) > 0
		}
		if !s.Up || !known {
			s.Cancel = spec.Cancel
		}
		s.Grace = spec.Grace
	}
	e.dropStreams("")
	e.dropProvided("")
	for _, s := range e.state.Sessions {
		if s.Up {
			e.ended(perp.SessionEnded{Session: s.Name, At: e.now, Cancel: s.Cancel})
		}
	}
	e.partOverdue()
}

// started notes that a client is here; an end that is not acted on is taken back.
func (e *Engine) started(c perp.SessionStarted) {
	s, _ := e.ensure(c.Session)
	s.Up, s.Cancel, s.Ended, s.Keeps, s.Until = true, c.Cancel, false, false, 0
}

// ended lets the grace of a session run, or ends its orders at once if it has
// none. An end that is told twice counts once.
func (e *Engine) ended(c perp.SessionEnded) {
	s, _ := e.ensure(c.Session)
	s.Up = false
	e.dropStreams(c.Session)
	e.dropProvided(c.Session)
	if s.Ended {
		return
	}
	s.Cancel, s.Ended, s.Keeps, s.Until = c.Cancel || s.Cancel, true, !c.Cancel, min(c.At, e.now)+s.Grace
	if s.Until <= e.now {
		e.part(s)
	}
}

// partOverdue ends the orders of sessions whose grace is over.
func (e *Engine) partOverdue() {
	for i := range e.state.Sessions {
		if s := &e.state.Sessions[i]; s.Ended && s.Until > 0 && s.Until <= e.now {
			e.part(s)
		}
	}
}

// part ends the working orders that a session placed, or those of them that are
// tied to its connection. One that is held is
// decided like any other: nobody takes a trade back by pulling the plug.
func (e *Engine) part(s *session) {
	s.Until = 0
	for _, o := range e.ordersOf(s.Name) {
		if s.Keeps && !o.Tied {
			continue
		}
		e.end(e.markets[o.Symbol], o, perp.OrderCanceled{Reason: perp.DisconnectCancel})
	}
}

// ordersOf are the working orders that a session placed, by account and then in
// order of creation; those that are held are not among them.
func (e *Engine) ordersOf(name string) (all []*order) {
	for _, a := range e.state.Accounts {
		for _, o := range e.state.Book.at(a.Name) {
			if o.Order.Session == name && o.Status.Working() {
				all = append(all, o)
			}
		}
	}
	return all
}

// strand ends what would rest of an order whose client has gone: it was held
// then, or on its way.
func (e *Engine) strand(m *market, o *order) {
	i, known := e.session(o.Session)
	if !known {
		return
	}
	s := e.state.Sessions[i]
	if gone := s.Ended && s.Until == 0; gone && (o.Tied || !s.Keeps) && o.Status.Working() {
		e.end(m, o, perp.OrderCanceled{Reason: perp.DisconnectCancel})
	}
}

// steer does what the desk wants of a session. What is so already stays so.
func (e *Engine) steer(c perp.SteerSession) {
	i, known := e.session(c.Session)
	v := perp.Verdict{}
	switch {
	case e.state.Ledger.Used(c.Key):
		v = perp.Verdict{Reject: perp.DuplicateKey, Detail: c.Key}
	case !known:
		v = perp.Verdict{Reject: perp.UnknownSession, Detail: c.Session}
	case c.Verb.MovesNumbers() && (c.Busy || e.state.Sessions[i].Up):
		v = perp.Verdict{Reject: perp.WrongState, Detail: c.Session + " is connected; its numbers move only while it is not"}
	case c.Verb == perp.SetNumbers && (c.In < 0 || c.Out < 0 || max(c.In, c.Out) == 0 || max(c.In, c.Out) > numberMax):
		v = perp.Verdict{Reject: perp.OutOfRange, Detail: "a number from 1 for one direction or both"}
	case c.Verb == perp.ResetProtection:
		v = e.mayReset(c)
	}
	if v.OK() {
		v = e.state.Ledger.UseKey(c.Key)
	}
	text := ""
	if v.OK() {
		text = e.steerOne(&e.state.Sessions[i], c)
	}
	e.answer(c.Key, c.By, c.Kind(), v, text)
}

// steerOne does it and says what was done.
func (e *Engine) steerOne(s *session, c perp.SteerSession) (text string) {
	switch {
	case c.Verb == perp.EnableSession && !s.Disabled:
		return "already_enabled"
	case c.Verb == perp.DisableSession && s.Disabled:
		return "already_disabled"
	case c.Verb == perp.KickSession && !s.Up:
		return "already_logged_out"
	case c.Verb == perp.ResetProtection: // It is no matter of the connection.
		return e.resetProtection(c)
	}
	e.emit(perp.SessionSteered{Session: s.Name, Verb: c.Verb, In: c.In, Out: c.Out, By: c.By, Reason: c.Reason})
	switch c.Verb {
	case perp.EnableSession:
		s.Disabled, s.By, s.Reason = false, "", ""
		return s.Name + " is enabled"
	case perp.DisableSession:
		s.Disabled, s.By, s.Reason = true, c.By, c.Reason
		return s.Name + " is disabled"
	case perp.KickSession:
		return s.Name + " is told to log out"
	case perp.SetNumbers:
		return s.Name + " next numbers:" + numbered(" in ", c.In) + numbered(" out ", c.Out)
	}
	return s.Name + " next numbers: in 1 out 1"
}

// noteRefused answers the guard, so that its note stands in the audit; nothing
// else comes of it. Its key is its own: keeping it would let strangers make the
// state grow.
func (e *Engine) noteRefused(c perp.LogonsRefused) {
	v, text := perp.Verdict{}, strconv.FormatInt(c.Count, 10)+" refused"
	if c.Count < 1 || c.Last < c.First {
		v = perp.Verdict{Reject: perp.OutOfRange, Need: 1, Have: c.Count, Detail: "count"}
	}
	e.answer(c.Key, c.By, c.Kind(), v, text)
}

func numbered(direction string, n int64) string {
	if n == 0 {
		return ""
	}
	return direction + strconv.FormatInt(n, 10)
}
