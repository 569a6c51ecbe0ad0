package acceptance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/shopspring/decimal"
)

// The promises of the rules of engagement that one session can judge by what it
// hears. That nothing depends on a held request needs a twin of the whole gateway:
// TestTwinWithAHeldOrder.
const (
	OneAnswer  = "one answer"
	NewFirst   = "new before fill"
	FinalState = "nothing after the end"
	Sums       = "quantities"
	ExecOnce   = "ExecID"
	EventSeq   = "AccountEventSeq"
	Executes   = "executes once"
	Numbers    = "MsgSeqNum"
	NoReplay   = "prices are not repeated"
	SameReason = "reason"
	Money      = "money"
	Chain      = "OrigClOrdID"
)

// Breach is a promise that did not hold, and how.
type Breach struct{ Promise, How string }

// answer says what a request is answered with: the tag of the id that comes back.
// A lasting answer is sent again after a break of the connection.
type answer struct {
	id      int
	lasting bool
}

var answersTo = map[string]answer{
	"D": {11, true}, "G": {11, true}, "F": {11, true}, "q": {11, true},
	"H": {790, true}, "AF": {584, true}, "AN": {710, true}, "BB": {909, true},
	"AD": {568, true}, "R": {131, false}, "Z": {117, false}, "AJ": {693, false},
	"a": {649, false}, "V": {262, false}, "x": {320, false}, "c": {320, false},
	"e": {324, false}, "g": {335, false}, "BE": {923, false}, "M": {66, true},
}

// Flaw says of a request that is wrong on purpose how it has to be refused: by the
// token of Text(58), or by Reject (3) with this 373.
type Flaw struct {
	Token  string
	Reject int // plus one; zero: it is no Reject
}

// asked is a request on its way.
type asked struct {
	kind, key string
	flaw      Flaw
	lasting   bool
	excused   bool // its answer may be lost with the connection
	closed    bool
	begun     bool // an answer of several messages has begun
	parts     int  // how many more belong to it
	heard     int  // how many came
}

// ExecIDs are the ExecIDs of a whole venue.
type ExecIDs struct {
	mu   sync.Mutex
	seen map[string]string
}

// first tells whether an ExecID is new, and what it said before.
func (e *ExecIDs) first(id, said string) (old string, fresh bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if old, known := e.seen[id]; known {
		return old, false
	}
	if e.seen == nil {
		e.seen = map[string]string{}
	}
	e.seen[id] = said
	return "", true
}

// Promises judges what the only session of an account sends and hears. It knows
// nothing but these messages.
type Promises struct {
	Execs *ExecIDs
	VAMM1 bool            // the dialect: 22007 is there
	Old   bool            // FIX 4.2
	Cash  decimal.Decimal // of the account at first

	Breaches []Breach
	Heard    map[string]int // how many messages: by type, an 8 also by its ExecType
	Requests int
	Position decimal.Decimal

	open     map[string][]*asked
	numbers  map[int]*asked
	waiting  int
	orders   map[string]*promised // by each ClOrdID
	working  map[*promised]bool
	fills    map[string]dealtFill // that stand, by ExecID
	house    map[string]*promised // orders that the gateway made, by OrderID
	streams  map[string]bool      // ids of V and R that go on after their first answer
	highest  int
	event    int  // last 22007
	catching bool // what is heard may be a repetition
	swept    int  // ended by a mass cancel that is not answered yet
}

func (p *Promises) broken(promise, format string, args ...any) {
	if len(p.Breaches) < failuresMax {
		p.Breaches = append(p.Breaches, Breach{promise, fmt.Sprintf(format, args...)})
	}
}

// Waiting is how many requests have no full answer.
func (p *Promises) Waiting() int { return p.waiting }

// Open names some of them.
func (p *Promises) Open() (keys []string) {
	for key, all := range p.open {
		if len(keys) < 5 && slices.ContainsFunc(all, func(a *asked) bool { return !a.excused }) {
			keys = append(keys, key)
		}
	}
	return keys
}

// Working are the latest ClOrdIDs of the orders that have not ended.
func (p *Promises) Working() (ids []string) {
	for o := range p.working {
		ids = append(ids, o.latest)
	}
	slices.Sort(ids)
	return ids
}

// Lost tells that the connection ended. What is not stored may be lost with it.
func (p *Promises) Lost() {
	p.catching = true
	for _, all := range p.open {
		for _, a := range all {
			if !a.excused && (!a.lasting || a.flaw.Reject > 0) {
				a.excused = true
				p.waiting--
			}
		}
	}
}

// CaughtUp tells that nothing of the last connection is missing any more.
func (p *Promises) CaughtUp() { p.catching = false }

// End tells that no more is to come.
func (p *Promises) End() {
	for key, all := range p.open {
		for _, a := range all {
			if !a.excused {
				p.broken(OneAnswer, "%s (%s) has none", a.kind, key)
			}
		}
	}
	for o := range p.working {
		p.broken(OneAnswer, "%s never ended", o.latest)
	}
}

// Sent notes a request with its number.
func (p *Promises) Sent(seq int, kind string, body Fields, flaw Flaw) {
	if p.open == nil {
		p.open, p.numbers = map[string][]*asked{}, map[int]*asked{}
		p.orders, p.working = map[string]*promised{}, map[*promised]bool{}
		p.house, p.streams = map[string]*promised{}, map[string]bool{}
	}
	p.Requests++
	how, known := answersTo[kind]
	a := &asked{kind: kind, flaw: flaw, lasting: how.lasting || !known}
	a.key = kind + " " + body.Get(how.id)
	switch kind {
	case "D", "AJ":
		if kind == "D" || body.Get(694) == "1" && body.Get(11) != "" {
			a.lasting = true
			p.ordered(a, body.Get(11))
		}
	case "G", "F":
		id := body.Get(11)
		a.key = "change " + id
		if o := p.orders[body.Get(41)]; o != nil && p.orders[id] == nil {
			p.orders[id] = o
		}
	case "H":
		if body.Get(790) == "" {
			a.key = "H of " + p.first(body.Get(11))
		}
	case "V", "R", "e", "g":
		if body.Get(263) == "2" {
			if flaw.Token == "" {
				return // The end of a stream has no answer.
			}
		} else if flaw == (Flaw{}) && (body.Get(263) == "1" || body.Get(303) == "2") {
			p.streams[a.key] = true
		}
	}
	p.open[a.key] = append(p.open[a.key], a)
	p.numbers[seq] = a
	p.waiting++
}

// ordered gives a new order its place, or notes that its id was used before.
func (p *Promises) ordered(a *asked, id string) {
	o := p.orders[id]
	a.key = "D " + id
	if o != nil {
		a.key = "again " + id
		o.tries++
		return
	}
	p.orders[id] = &promised{first: id, latest: id, tries: 1}
}

// first is the first ClOrdID of the order that an id belongs to.
func (p *Promises) first(id string) string {
	if o := p.orders[id]; o != nil {
		return o.first
	}
	return id
}

// find returns the oldest open request of a key.
func (p *Promises) find(key string) *asked {
	if all := p.open[key]; len(all) > 0 {
		return all[0]
	}
	return nil
}

// close ends a request that has its answer.
func (p *Promises) close(a *asked) {
	a.closed = true
	if left := slices.DeleteFunc(p.open[a.key], func(b *asked) bool { return b == a }); len(left) > 0 {
		p.open[a.key] = left
	} else {
		delete(p.open, a.key)
	}
	if !a.excused {
		p.waiting--
	}
}

// answered closes the request of a key by a message, which must be there.
func (p *Promises) answered(key string, f Fields) {
	a := p.find(key)
	if a == nil {
		p.broken(OneAnswer, "no open request (%s) for %s", key, f)
		return
	}
	p.reason(a, f)
	p.close(a)
}

// stateTokens are reasons that come before those of a wrong request, as the market
// or the way of the message has it.
var stateTokens = map[string]bool{
	"MARKET_HALTED": true, "ORACLE_STALE": true, "ORACLE_DIVERGENT": true, "DRAWDOWN": true, "NOT_READY": true,
	"STALE_REQUEST": true,
}

// reason compares how a wrong request was refused with the first check that it
// fails.
func (p *Promises) reason(a *asked, f Fields) {
	word, _, _ := strings.Cut(token(f), ":")
	switch {
	case a.flaw.Reject > 0:
		if f.Get(35) != "3" || f.Int(373) != a.flaw.Reject-1 {
			p.broken(SameReason, "%s should be a Reject with 373=%d: %s", a.key, a.flaw.Reject-1, f)
		}
	case f.Get(35) == "3":
		p.broken(SameReason, "%s is not wrong in its form: %s", a.key, f)
	case a.flaw.Token != "" && word != a.flaw.Token && !stateTokens[word]:
		p.broken(SameReason, "%s should be %s: %s", a.key, a.flaw.Token, f)
	}
}

// Took judges a message.
func (p *Promises) Took(f Fields) {
	if p.Heard == nil {
		p.Heard = map[string]int{}
	}
	kind := f.Get(35)
	p.Heard[kind]++
	p.numbered(f)
	switch kind {
	case "8":
		p.report(f)
	case "9":
		p.notChanged(f)
	case "r":
		p.massCanceled(f)
	case "3", "j":
		p.refusedByNumber(f)
	case "S", "i", "AG", "W", "X", "Y", "Z":
		p.priced(kind, f)
	case "AI":
		p.quoteState(f)
	case "AO", "AP", "BG", "BA", "AQ", "AE":
		p.ofAccount(kind, f)
	case "AM":
		p.moved(f)
	case "AX":
		p.counted(f, true)
	case "y", "d", "f", "h", "BF":
		p.venue(kind, f)
	case "B":
	default:
		p.broken(OneAnswer, "nothing asked for %s", f)
	}
}

// numbered judges the numbers of the session: the client asks for what it misses, so
// nothing is repeated that was not lost with a connection.
func (p *Promises) numbered(f Fields) {
	seq := f.Int(34)
	if seq <= p.highest {
		p.broken(Numbers, "not above %d: %s", p.highest, f)
	}
	p.highest = max(p.highest, seq)
	if f.Get(43) != "Y" {
		return
	}
	if !p.catching {
		p.broken(Numbers, "repeated without a break: %s", f)
	}
	if strings.Contains(" S i W X Z ", " "+f.Get(35)+" ") {
		p.broken(NoReplay, "%s", f)
	}
}

func (p *Promises) refusedByNumber(f Fields) {
	a := p.numbers[f.Int(45)]
	if f.Get(45) == "" { // FIX 4.2 has a j for what AG says elsewhere.
		a = p.find(f.Get(372) + " " + f.Get(379))
	}
	if a == nil || a.closed {
		p.broken(OneAnswer, "no open request for %s", f)
		return
	}
	p.reason(a, f)
	if o := p.orders[strings.TrimPrefix(a.key, "D ")]; o != nil && strings.HasPrefix(a.key, "D ") {
		o.status = "8" // No order came of it.
		o.refused++
	}
	p.close(a)
}

// priced takes quotes and market data.
func (p *Promises) priced(kind string, f Fields) {
	key := "R " + f.Get(131)
	if strings.Contains("W X Y", kind) {
		key = "V " + f.Get(262)
	}
	if p.find(key) != nil && kind != "X" && kind != "Z" {
		p.answered(key, f)
		return
	}
	if !p.streams[key] {
		p.broken(OneAnswer, "%s has its answer: %s", key, f)
	}
}

func (p *Promises) quoteState(f Fields) {
	switch {
	case f.Get(649) != "":
		p.answered("a "+f.Get(649), f)
	case f.Get(693) != "":
		p.answered("AJ "+f.Get(693), f)
	default:
		p.answered("Z "+f.Get(117), f)
	}
}

func (p *Promises) venue(kind string, f Fields) {
	if f.Get(325) == "Y" {
		return
	}
	switch kind {
	case "y":
		p.answered("x "+f.Get(320), f)
	case "d":
		p.answered("c "+f.Get(320), f)
	case "f":
		p.answered("e "+f.Get(324), f)
	case "h":
		p.answered("g "+f.Get(335), f)
	case "BF":
		p.answered("BE "+f.Get(923), f)
	}
}

// number reads a count, which is zero if it is absent.
func number(f Fields, tag int) int {
	n, err := strconv.Atoi(f.Get(tag))
	if err != nil {
		return 0
	}
	return n
}
