package engine

import "backstop/perp"

// Sequencer stamps commands and applies them, one batch at a time. The caller
// then, in this order: encodes the messages of the entries, commits everything
// in ONE transaction, and only AFTER that lets anything be seen by anyone.
type Sequencer struct{ engine *Engine }

// NewSequencer returns a sequencer that goes on after the engine's last command.
func NewSequencer(e *Engine) *Sequencer { return &Sequencer{e} }

// Step applies the inputs of one batch and returns what the journal must keep.
// Oracle ticks are stamped before everything else of the batch, so reserves
// move before any order is priced (invariant I4; spec/ROE.md says so). Time
// never goes backwards: a clock that steps back is held at the last stamp.
// A books check that fails after any command is a Fault.
func (s *Sequencer) Step(inputs []perp.Input, now perp.Time) []perp.Entry {
	entries := make([]perp.Entry, 0, len(inputs))
	for _, ticks := range []bool{true, false} {
		for _, in := range inputs {
			if _, tick := in.Command.(perp.OracleTick); tick == ticks {
				entries = append(entries, s.one(in, now))
			}
		}
	}
	return entries
}

func (s *Sequencer) one(in perp.Input, now perp.Time) perp.Entry {
	seq, at := s.engine.state.Seq+1, max(now, s.engine.state.Now)
	events := s.engine.Apply(in.Command, seq, at)
	kind, payload := Encode(in.Command)
	return perp.Entry{
		Seq: seq, Time: at, Source: in.Source,
		Command: in.Command, Kind: kind, Payload: payload, Events: events,
	}
}
