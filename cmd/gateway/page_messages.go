package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"backstop/config"
	"backstop/engine"
	"backstop/fix"
	"backstop/ops"
	"backstop/perp"
	"backstop/store"
)

const (
	// laneOrdersMax is how many orders one ClOrdID may mean: each account may have used it.
	laneOrdersMax = 4
	// laneAfter is how long after the last change of an order its messages are looked for:
	// clients ask for the state of one that is over.
	laneAfter = perp.Time(time.Minute)
	// laneBegin is where the beginning of an order is looked for if all of its time is
	// too much.
	laneBegin = perp.Time(time.Second)
	// groupMax bounds the messages of one moment, which no answer takes apart.
	groupMax = 1_000
)

// messageSearch looks through what the gateway has stored, by a reader of its own.
type messageSearch struct {
	reader   *store.Reader
	cfg      *config.Config
	accounts []string
}

// toldMessage is a message for people with where it comes from.
type toldMessage struct {
	fix.Message
	row store.Told
	at  perp.Time // a request: when it was read
	in  bool
}

func newMessageSearch(cfg *config.Config) (*messageSearch, error) {
	r, err := store.OpenReadOnly(cfg.Server.DataDir)
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	s := &messageSearch{reader: r, cfg: cfg}
	for _, a := range cfg.Accounts {
		s.accounts = append(s.accounts, a.Name)
	}
	return s, nil
}

// find answers a question of the page.
func (s *messageSearch) find(ctx context.Context, q ops.Question) (ops.Messages, error) {
	search, err := fix.ParseSearch(q.Order, q.Types, q.Where)
	if err != nil {
		return ops.Messages{}, fmt.Errorf("%w: %w", ops.ErrQuestion, err)
	}
	if q.Order != "" {
		return s.lane(ctx, q, search)
	}
	var all []toldMessage
	full := false
	talk, err := s.reader.Talk(ctx, 0, perp.Time(q.Before.UnixNano()), fix.AskedKinds(), func(row store.Told) error {
		// What happened at one moment stays together, for the next question is about the time before.
		if n := len(all); n >= q.Limit && row.Time < all[n-1].row.Time || n >= groupMax {
			full = true
			return store.ErrEnough
		}
		m, err := s.read(row)
		if err == nil && m.Type != "" && (q.Session == "" || m.session() == q.Session) && search.Wants(m.Message) {
			all = append(all, m)
		}
		return err
	})
	if err != nil {
		return ops.Messages{}, err
	}
	answer := answerOf(all, talk, full)
	for i := range len(answer.Messages) - 1 {
		answer.Messages[i].AfterUS = micros(all[i].at - all[i+1].at)
	}
	return answer, nil
}

// lane is all that was said about one order, the oldest first.
func (s *messageSearch) lane(ctx context.Context, q ops.Question, search fix.Search) (ops.Messages, error) {
	orders, err := s.reader.OrdersNamed(q.Order, s.accounts)
	if err != nil {
		return ops.Messages{}, err
	}
	var rows []store.Told
	var reach store.Talk
	look := func(since, before perp.Time) (store.Talk, error) {
		return s.reader.Talk(ctx, since, before, fix.AskedKinds(), func(row store.Told) error {
			rows = append(rows, row)
			return nil
		})
	}
	if len(orders) == 0 { // It was refused before it was an order, if it ever was one.
		if reach, err = look(0, perp.Time(q.Before.UnixNano())); err != nil {
			return ops.Messages{}, err
		}
	}
	// Several names of one order mean it all; an ExecID is in no request.
	if len(orders) == 1 {
		search.Order = orders[0].OrderID
	}
	full := len(orders) > laneOrdersMax
	for _, o := range orders[:min(len(orders), laneOrdersMax)] {
		if reach, err = look(o.Created, o.Updated+laneAfter); err != nil {
			return ops.Messages{}, err
		}
		if full = full || reach.Cut; reach.Cut {
			if _, err = look(o.Created, min(o.Created+laneBegin, reach.Since)); err != nil {
				return ops.Messages{}, err
			}
		}
	}
	all, err := s.inOrder(rows, search, q.Session)
	if err != nil {
		return ops.Messages{}, err
	}
	if len(all) > q.Limit {
		all, full = all[:q.Limit], true
	}
	answer := answerOf(all, reach, full)
	for i := 1; i < len(all); i++ {
		answer.Messages[i].AfterUS = micros(all[i].at - all[i-1].at)
	}
	for _, o := range orders {
		answer.Orders = append(answer.Orders, ops.ToldOrder{
			OrderID: o.OrderID, ClOrdID: o.ClOrdID, Account: o.Account, Symbol: o.Symbol, Side: o.Side, Size: o.Size.String(),
			Filled: o.Cum.String(), Status: o.Status, Reason: o.Reason, Created: perpText(o.Created), Updated: perpText(o.Updated),
		})
	}
	return answer, nil
}

// inOrder reads rows, the oldest first and each once, and keeps what is looked for.
func (s *messageSearch) inOrder(rows []store.Told, search fix.Search, session string) ([]toldMessage, error) {
	var every, all []toldMessage
	var messages []fix.Message
	seen := map[string]bool{}
	for _, row := range rows {
		m, err := s.read(row)
		if err != nil {
			return nil, err
		}
		if m.Type != "" && !seen[m.id()] {
			every = append(every, m)
		}
		seen[m.id()] = true
	}
	slices.Reverse(every)
	slices.SortStableFunc(every, func(a, b toldMessage) int { return int(a.at - b.at) })
	for _, m := range every {
		messages = append(messages, m.Message)
	}
	for _, i := range search.Places(messages) {
		if session == "" || every[i].session() == session {
			all = append(all, every[i])
		}
	}
	return all, nil
}

// read takes a stored message apart, or tells a command as the request that it was.
func (s *messageSearch) read(row store.Told) (m toldMessage, err error) {
	m = toldMessage{row: row, at: row.Time, in: row.Kind != ""}
	if !m.in {
		m.Message = fix.ParseMessage(row.Message.Bytes)
		return m, nil
	}
	command, err := engine.Decode(row.Kind, row.Payload)
	var origin perp.Origin
	if err == nil {
		err = json.Unmarshal(row.Payload, &origin)
	}
	if err != nil {
		return m, fmt.Errorf("command %d: %w", row.ID, err)
	}
	if origin.Arrival != 0 {
		m.at = origin.Arrival
	}
	ours := s.cfg.Fix.CompID
	for _, c := range s.cfg.Sessions {
		if c.CompID == origin.Session {
			ours = c.OurCompID
		}
	}
	// One that no client sent is of no type.
	m.Message, _ = fix.Asked(command, ours)
	return m, nil
}

// session is that of the client who said it or was told.
func (m toldMessage) session() string {
	if m.in {
		return m.Get(49)
	}
	return m.row.Session
}

// id is of the row, of which there are two kinds.
func (m toldMessage) id() string {
	if m.in {
		return fmt.Sprint("command-", m.row.ID)
	}
	return fmt.Sprint("message-", m.row.ID)
}

func answerOf(all []toldMessage, reach store.Talk, full bool) ops.Messages {
	answer := ops.Messages{
		Messages: make([]ops.ToldMessage, 0, len(all)), Orders: []ops.ToldOrder{}, Since: perpText(reach.Since), Cut: full || reach.Cut,
	}
	for _, m := range all {
		one := ops.ToldMessage{
			ID: m.id(), Time: perpText(m.at), Session: m.session(), Direction: "out", Number: m.Get(34), Type: m.Type, Name: m.Name,
			OrderID: m.OrderID(), Account: m.Get(1),
		}
		if m.in {
			one.Direction = "in"
		}
		for _, f := range m.Fields {
			one.Fields = append(one.Fields, ops.ToldField{Tag: f.Tag, Name: f.Name, Value: f.Shown(), Meaning: f.Meaning})
		}
		answer.Messages = append(answer.Messages, one)
	}
	return answer
}

// perpText is a stamp of the engine for people.
func perpText(t perp.Time) string { return timeText(time.Unix(0, int64(t))) }

func micros(t perp.Time) int64 { return int64(t) / int64(time.Microsecond) }
