package acceptance

import "time"

// one sends one request; the kinds stand for what clients send, with orders first.
func (w *Flow) one() error {
	switch n := w.t.pick(100); {
	case n < 26:
		return w.aggressive()
	case n < 46:
		return w.resting()
	case n < 64:
		return w.change()
	case n < 68:
		return w.repeat()
	case n < 72:
		first, latest, ok := w.known()
		if !ok {
			return w.status("none"+w.id(), "1")
		}
		return w.status(latest, w.terms[first].Get(54))
	case n < 88:
		return w.wrong()
	default:
		return w.question()
	}
}

var oldQuestions = []string{"R", "c", "e", "g", "V", "R", "R"}

var questions = []string{"R", "RS", "Z", "a", "AF", "q", "AN", "BB", "AD", "x", "c", "e", "g", "V", "BE", "R", "R", "pass"}

func (w *Flow) question() error {
	if w.Promises.Old {
		return w.ask(oldQuestions[w.t.pick(len(oldQuestions))])
	}
	return w.ask(questions[w.t.pick(len(questions))])
}

// ask sends a request that is no order.
func (w *Flow) ask(kind string) error {
	id, good := w.id(), Flaw{}
	quote := "Q0"
	if len(w.quotes) > 0 {
		quote = w.quotes[0].Get(117)
	}
	switch kind {
	case "R":
		return w.quoteRequest()
	case "RS":
		return w.send("R", good, "131=R"+id, "146=1", "55="+w.Symbol, "303=2", "537=1", "38="+w.t.size(), "126="+stamp(time.Now().Add(time.Second)), "60="+Now())
	case "Z":
		if w.Promises.find("Z "+quote) != nil {
			return nil
		}
		return w.send("Z", good, "117="+quote, "298=1", "295=1", "55="+w.Symbol)
	case "pass":
		return w.send("AJ", good, "693=J"+id, "694=6", "117="+quote, "55="+w.Symbol)
	case "a":
		return w.send("a", good, "649=a"+id, "117="+quote, "55="+w.Symbol)
	case "AF":
		return w.send("AF", good, "584=AF"+id, "585=1", "55="+w.Symbol)
	case "q":
		if w.sweeps || w.chance(70) { // One at a time, so that what ended can be counted, and not so often that nothing lives.
			return w.resting()
		}
		w.sweeps = true
		return w.send("q", good, "11=q"+id, "530=1", "55="+w.Symbol, "60="+Now())
	case "AN":
		return w.send("AN", good, "710=P"+id, "724=0", "263=0", "453=1", "448="+w.Account, "447=D", "452=13", "1="+w.Account, "581=1",
			"715="+time.Now().UTC().Format("20060102"), "60="+Now(), "55="+w.Symbol)
	case "BB":
		return w.send("BB", good, "909=B"+id, "1="+w.Account, "263=0")
	case "AD":
		first, _, _ := w.known()
		return w.send("AD", good, "568=T"+id, "569=0", "11="+orNone(first))
	case "x":
		return w.send("x", good, "320=x"+id, "559=0", "55="+w.Symbol)
	case "c":
		return w.send("c", good, "320=c"+id, "321=0", "55="+w.Symbol)
	case "e":
		return w.send("e", good, "324=e"+id, "55="+w.Symbol, "263=0")
	case "g":
		return w.send("g", good, "335=g"+id, "263=0")
	case "V":
		return w.send("V", good, "262=V"+id, "263=0", "264=0", "267=2", "269=0", "269=1", "146=1", "55="+w.Symbol)
	default:
		return w.send("BE", good, "923=U"+id, "924=4", "553="+w.Client.Username)
	}
}

func (w *Flow) quoteRequest() error {
	body := []string{"131=R" + w.id(), "146=1", "55=" + w.Symbol}
	if w.chance(30) {
		side, _ := w.side()
		body = append(body, "54="+side)
	}
	return w.send("R", Flaw{}, append(body, "38="+w.t.size(), "60="+Now())...)
}

// wrong sends a request that is to be refused, and for what.
func (w *Flow) wrong() error {
	side, _ := w.side()
	id, lot := w.id(), w.t.Lot.String()
	says := func(word string) Flaw { return Flaw{Token: word} }
	unknown := []string{"41=nothing" + id, "11=" + id, "55=" + w.Symbol, "54=" + side, "60=" + Now(), "38=" + lot}
	switch w.t.pick(19) {
	case 0:
		return w.order(says("UNKNOWN_SYMBOL"), "NO-SUCH", side, lot, "1", "", "3")
	case 1:
		return w.order(says("BAD_LOT"), w.Symbol, side, w.t.Lot.Div(dec("2")).Add(w.t.Lot).String(), "1", "", "3")
	case 2:
		return w.order(says("MAX_ORDER_SIZE"), w.Symbol, side, "100000", "1", "", "3")
	case 3:
		return w.order(says("BAD_TICK"), w.Symbol, side, lot, "2", dec(w.t.away(side, 5)).Add(w.t.Tick.Div(dec("2"))).String(), "1")
	case 4:
		return w.order(says("UNSUPPORTED"), w.Symbol, side, lot, "1", "", "1")
	case 5:
		return w.order(says("COND_FIELD"), w.Symbol, side, lot, "2", "", "1")
	case 6:
		return w.order(says("QUOTE_UNKNOWN"), w.Symbol, side, lot, "D", "", "4", "117=Q0A")
	case 7:
		return w.send("F", says("UNKNOWN_ORDER"), unknown...)
	case 8:
		return w.send("G", says("UNKNOWN_ORDER"), append(unknown, "40=2", "44="+w.t.away(side, 5))...)
	case 9:
		return w.send("D", says("ACCOUNT_NOT_PERMITTED"), "11="+id, "1="+w.Others, "55="+w.Symbol, "54="+side, "60="+Now(), "38="+lot, "40=1", "59=3")
	case 10: // 1: required tag missing.
		return w.send("D", Flaw{Reject: 2}, "11="+id, "1="+w.Account, "55="+w.Symbol, "60="+Now(), "38="+lot, "40=1", "59=3")
	case 11: // 6: format.
		return w.send("D", Flaw{Reject: 7}, "11="+id, "55="+w.Symbol, "54="+side, "60="+Now(), "38=much", "40=1")
	case 12: // 5: value.
		return w.send("D", Flaw{Reject: 6}, "11="+id, "55="+w.Symbol, "54=Z", "60="+Now(), "38="+lot, "40=1")
	case 13: // 4: no value.
		return w.send("F", Flaw{Reject: 5}, append(unknown, "37=")...)
	case 14:
		return w.send("V", says("UNKNOWN_QUOTE_REQUEST"), "262=V"+id, "263=2", "264=1")
	case 15:
		return w.send("R", says("UNKNOWN_SYMBOL"), "131=R"+id, "146=1", "55=NO-SUCH", "38="+lot, "60="+Now())
	case 16: // A message that FIX has and the rules do not.
		return w.send("M", Flaw{}, "66="+id)
	case 17: // A side that FIX has and the rules do not.
		return w.order(says("UNSUPPORTED"), w.Symbol, "5", lot, "1", "", "3")
	default:
		return w.wrongChange(side)
	}
}

// wrongChange asks for a change of what may not change, or with an id that is taken.
func (w *Flow) wrongChange(side string) error {
	first, latest, ok := w.known()
	if !ok {
		return w.resting()
	}
	if w.chance(50) { // The ClOrdID is that of the order.
		return w.send("F", Flaw{}, "41="+latest, "11="+first, "55="+w.Symbol, "54="+w.terms[first].Get(54), "60="+Now(), "38="+w.t.Lot.String())
	}
	other := map[string]string{"1": "2", "2": "1"}[w.terms[first].Get(54)]
	return w.send("G", Flaw{}, "41="+latest, "11="+w.id(), "55="+w.Symbol, "54="+other, "60="+Now(), "38="+w.t.Lot.String(), "40=2", "44="+w.t.away(side, 5))
}
