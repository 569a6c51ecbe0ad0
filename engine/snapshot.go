package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"backstop/perp"
	"backstop/quoting"
)

// ErrVersion is wrapped by Restore for a snapshot that another version made. The
// journal leads to the same state.
var ErrVersion = errors.New("made by another version")

// Snapshot returns the whole state: the same bytes for the same state. It is JSON
// in one line and then the bulk, which the JSON leaves out.
func (e *Engine) Snapshot() []byte {
	b := append(append(e.header(), '\n'), layout[:]...)
	b = append(make([]byte, 0, max(len(b), e.snapshot)+len(b)), b...)
	for _, m := range e.state.Markets {
		b = pack(b, reflect.ValueOf(m.Quoting.Markouts.Queue))
	}
	b = binary.AppendUvarint(b, uint64(len(e.state.History)))
	for _, h := range e.chronicle() {
		b = h.pack(b)
	}
	ended := e.state.Book.ended[e.state.Book.first:]
	b = binary.AppendUvarint(b, uint64(len(ended)))
	for _, o := range ended {
		b = pack(b, reflect.ValueOf(o).Elem())
	}
	e.snapshot = len(b)
	return b
}

// header is the state without the bulk, which is set aside meanwhile.
func (e *Engine) header() []byte {
	queues := make([][]quoting.Pending, len(e.state.Markets))
	for i, m := range e.state.Markets {
		m.Quoting.CatchUp()
		queues[i], m.Quoting.Markouts.Queue = m.Quoting.Markouts.Queue, nil
	}
	histories := e.state.History
	e.state.History = nil
	defer func() {
		for i, m := range e.state.Markets {
			m.Quoting.Markouts.Queue = queues[i]
		}
		e.state.History = histories
	}()
	b, err := json.Marshal(&e.state)
	if err != nil {
		panic(perp.Fault{What: "state does not encode: " + err.Error()})
	}
	return b
}

// unpack reads the bulk of a snapshot into the state.
func (s *state) unpack(text []byte) error {
	r := bulk{rest: text}
	for _, m := range s.Markets {
		if m == nil || m.Quoting == nil {
			return fmt.Errorf("a market without content")
		}
		r.unpack(reflect.ValueOf(&m.Quoting.Markouts.Queue).Elem())
	}
	for n := r.length(); n > 0 && r.err == nil; n-- {
		var p past
		r.unpack(reflect.ValueOf(&p).Elem())
		s.History = append(s.History, p.history())
	}
	for n := r.length(); n > 0 && r.err == nil; n-- {
		o := &order{}
		if r.unpack(reflect.ValueOf(o).Elem()); r.err == nil && o.Ended <= 0 {
			return fmt.Errorf("order %s has not ended", o.OrderID)
		}
		s.Book.enter(o)
	}
	if r.err == nil && len(r.rest) > 0 {
		r.fail("more than the state")
	}
	return r.err
}

// StateHash is the SHA-256 of the snapshot in hex. Two engines that applied the
// same journal have the same one (invariant I3).
func (e *Engine) StateHash() string { return HashOf(e.Snapshot()) }

// HashOf is the StateHash of an engine with this snapshot.
func HashOf(snapshot []byte) string {
	sum := sha256.Sum256(snapshot)
	return hex.EncodeToString(sum[:])
}

// Restore returns an engine that goes on where the snapshot was taken. A text
// that is not a snapshot of this version is an error.
func Restore(snapshot []byte) (*Engine, error) {
	e := &Engine{markets: map[string]*market{}, histories: map[string]*history{}, snapshot: len(snapshot)}
	header, records, _ := bytes.Cut(snapshot, []byte{'\n'})
	records, own := bytes.CutPrefix(records, layout[:])
	if !own {
		return nil, fmt.Errorf("snapshot: %w", ErrVersion)
	}
	d := json.NewDecoder(bytes.NewReader(header))
	d.DisallowUnknownFields()
	if err := d.Decode(&e.state); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	if e.state.Ledger == nil || e.state.Book == nil {
		return nil, fmt.Errorf("snapshot: no ledger or no orders in it")
	}
	if err := e.state.unpack(records); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	if err := e.state.Ledger.Audit(); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	e.now, e.bounds.lost = e.state.Now, true
	for _, m := range e.state.Markets {
		if m == nil || m.Quoting == nil || len(m.Quoting.Offers) == 0 {
			return nil, fmt.Errorf("snapshot: a market without offers")
		}
		e.markets[m.Instrument.Symbol] = m
	}
	e.enumerate()
	for _, h := range e.state.History {
		e.histories[h.account] = h
	}
	e.enrol()
	for _, o := range e.state.Book.live() {
		if o.Status.Working() {
			e.markets[o.Symbol].resting.add(o)
		}
	}
	return e, nil
}

// Restate tells the present state as events, for doors that start after it
// came to be. It changes nothing.
func (e *Engine) Restate() []perp.Event {
	var all []perp.Event
	for _, m := range e.state.Markets {
		all = append(all, m.listed())
		state, cause := m.Quoting.State()
		all = append(all, perp.StateChanged{Symbol: m.Instrument.Symbol, From: state, To: state, Cause: cause})
		all = e.arena.offers(all, m, 1)
		all = append(all, e.grades(m)...)
		for _, p := range m.Providers {
			all = append(all, m.stateOf(p.Account))
		}
		all = append(all, e.rate(m), perp.ModeChanged{Symbol: m.Instrument.Symbol, From: m.Mode, To: m.Mode})
	}
	for _, d := range e.state.Dangers {
		if d.Since > 0 {
			all = append(all, perp.LiquidationChanged{Account: d.Account, Active: true})
		}
	}
	all = append(all, perp.WithdrawalsStopped{Stopped: e.state.Outflow.Stopped, Out: e.state.Outflow.Out})
	for _, a := range e.state.Accounts {
		all = append(all, perp.AccountOpened{Account: a.Name, Sessions: a.Sessions})
	}
	for _, s := range e.state.Sessions {
		if s.Disabled {
			all = append(all, perp.SessionSteered{Session: s.Name, Verb: perp.DisableSession, By: s.By, Reason: s.Reason})
		}
	}
	for _, p := range e.state.Ledger.Positions() {
		all = append(all, perp.PositionChanged{Account: p.Account, Symbol: p.Symbol, Size: p.Position.Size, EntryNotional: p.Position.Entry})
	}
	for _, b := range e.state.Ledger.Balances() {
		all = append(all, perp.BalanceStated{Account: b.Account, Balance: b.Amount})
	}
	return all
}
