package acceptance

// counted judges AccountEventSeq (22007). An event has the next number; a state has
// that of an event that was told.
func (p *Promises) counted(f Fields, event bool) {
	if !p.VAMM1 {
		return
	}
	n := f.Int(22007)
	switch {
	case f.Get(22007) == "" && (f.Get(37) == none || !event):
	case event && n != p.event+1:
		p.broken(EventSeq, "after %d: %s", p.event, f)
		p.event = max(n, p.event)
	case event:
		p.event = n
	case n > p.event:
		p.broken(EventSeq, "a state beyond %d: %s", p.event, f)
	}
}

// moved takes AM.
func (p *Promises) moved(f Fields) {
	p.counted(f, true)
	kinds, amounts := f.All(707), f.All(708)
	if len(kinds) != len(amounts) {
		p.broken(Money, "%d kinds and %d amounts: %s", len(kinds), len(amounts), f)
		return
	}
	for i, kind := range kinds {
		if kind == "CASH" {
			p.Cash = p.Cash.Add(dec(amounts[i]))
		}
	}
	if after := f.Get(22089); p.VAMM1 && (after == "" || !dec(after).Equal(p.Cash)) {
		p.broken(Money, "what was told makes %s: %s", p.Cash, f)
	}
}

// ofAccount takes answers of several messages, and what a subscriber is told.
func (p *Promises) ofAccount(kind string, f Fields) {
	switch kind {
	case "AP":
		p.counted(f, false)
		if at := dec(f.Get(704)).Sub(dec(f.Get(705))); !at.Equal(p.Position) {
			p.broken(Money, "the fills make a position of %s: %s", p.Position, f)
		}
		if f.Get(325) == "Y" {
			return
		}
	case "BA":
		if !dec(f.Get(901)).Equal(p.Cash) {
			p.broken(Money, "what was told makes %s: %s", p.Cash, f)
		}
		if f.Get(909) == "" {
			return
		}
	}
	key, total := "", 0
	switch kind {
	case "AO", "AP":
		key, total = "AN "+f.Get(710), number(f, 727)
	case "BG", "BA":
		key, total = "BB "+f.Get(909), number(f, 911)
	case "AQ", "AE":
		key, total = "AD "+f.Get(568), number(f, 748)
	}
	a := p.find(key)
	if a == nil {
		p.broken(OneAnswer, "no open request (%s) for %s", key, f)
		return
	}
	if !a.begun {
		a.begun, a.parts = true, total
	}
	if kind == "AP" || kind == "BA" || kind == "AE" {
		a.parts--
	}
	if a.parts == 0 || f.Get(945) == "4" || f.Get(750) == "2" || f.Get(729) == "2" {
		p.answered(key, f)
	}
}
