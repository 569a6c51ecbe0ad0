package acceptance

import "strings"

// lookAccepted are the first words of Text(58) with 150=0 after a hold.
var lookAccepted = map[string]bool{"LAST_LOOK_ACCEPTED": true, "LAST_LOOK_IMPROVED": true, "LAST_LOOK_CURRENT": true}

// lookRefused are the first words of Text(58) with 150=8 after a hold, and the
// second.
var lookRefused = map[string]string{"LAST_LOOK_PRICE": "A-1", "LAST_LOOK_VALIDITY": "C-1"}

// holds takes 150=A: the first that is said of an order, and not an answer.
func (t *Trader) holds(o *traded, f Fields) {
	t.Report.Held++
	if o.held || o.working || o.answers > 0 || o.ends > 0 {
		t.fail("held after a report: %s", f)
	}
	o.held = true
	if f.Get(39) != "A" || f.Get(14) != "0" {
		t.fail("150=A of an order that is not just held: %s", f)
	}
}

// accepted takes 150=0, which says how a held order was decided, and says so of
// no other.
func (t *Trader) accepted(o *traded, f Fields) {
	if o.answers > 0 {
		t.fail("150=0 after an answer: %s", f)
	}
	if f.Get(39) != "0" || lookAccepted[token(f)] != o.held {
		t.fail("150=0 does not say what became of the hold (held: %v): %s", o.held, f)
	}
	o.owed = o.held
}

// refused takes 150=8, whose reason must fit a held order.
func (t *Trader) refused(o *traded, f Fields) {
	if !o.held {
		if token(f) == "LAST_LOOK_PRICE" {
			t.fail("a last look at an order that was not held: %s", f)
		}
		return
	}
	t.Report.HeldRefused++
	category, known := lookRefused[token(f)]
	if said := strings.Fields(f.Get(58)); !known || len(said) < 2 || said[1] != category || f.Get(103) != "99" {
		t.fail("not a reason to refuse a held order: %s", f)
	}
	if f.Get(14) != "0" || f.Get(151) != "0" {
		t.fail("refused with a quantity: %s", f)
	}
}

// tooLate takes 9: it tells the state that the reports before it told, and an
// order that is held or has ended can be neither canceled nor replaced.
func (t *Trader) tooLate(f Fields) {
	o := t.orders[t.root[f.Get(41)]]
	if o == nil {
		return
	}
	t.same(o, f)
	if f.Get(39) == "A" {
		t.Report.HeldTooLate++
	}
	if strings.Contains("A248C", f.Get(39)) && f.Get(102) != "0" {
		t.fail("too late, and told as something else: %s", f)
	}
}

// same compares the state that an answer tells with the last report's. What a
// stop let go may be held, of which there is no report. Reports
// and answers of a session come in the order in which things happened.
func (t *Trader) same(o *traded, f Fields) {
	held := o != nil && o.triggered && o.status == "0" && f.Get(39) == "A"
	if o != nil && o.status != "" && f.Get(39) != o.status && !held {
		t.fail("OrdStatus is not that of the last report (%s): %s", o.status, f)
	}
}
