package certify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"backstop/spec"
)

// ordinaryDay is a conversation in which a client does everything that is checked, and
// does it well. c is said by the client, g by the gateway, ! lost on its way from
// the client, ~ lost on its way from the gateway; a digit in front is another
// connection, - a line of the log that is no message; a number is milliseconds that
// pass. n=… gives a message a number of its own.
const ordinaryDay = `
c A|98=0|108=30|141=Y
g A|98=0|108=30|141=Y
2c A|98=0|108=30|553=OTHER|554=wrong
2g 5|n=0|58=not let in
c 1|112=U1
g 0|112=U1
2c A|49=NOBODY|98=0|108=30
2c A|98=0|108=30
2c A|8=FIX.4.3|98=0|108=30
c 1|112=U2
g 0|112=U2
3c A|49=DC|98=0|108=30|141=Y
3g A|56=DC|98=0|108=30|141=Y
c x|320=L1|559=4
g y|320=L1|322=L1-R|560=0|393=1|146=1|55=BTC-PERP
c AN|710=P1|724=0|263=1|1=ACME|60=now
g AP|721=PM1|710=P1|1=ACME|55=BTC-PERP|704=2|705=0
c V|262=M1|263=1|264=1|265=0|267=2|269=0|269=1|146=1|55=BTC-PERP
g W|262=M1|55=BTC-PERP|268=2|269=0|270=99|271=5|126=+1000|299=QB1|269=1|270=101|271=5|126=+1000|299=QA1
100
c D|11=O1|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=D|44=101|117=QA1
g 8|37=X1|11=O1|17=E1|150=A|39=A|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
g 8|37=X1|11=O1|17=E2|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
g 8|37=X1|11=O1|17=E3|150=F|39=2|1=ACME|55=BTC-PERP|54=1|38=1|31=101|32=1|151=0|14=1
3g 8|56=DC|797=Y|37=X1|11=O1|17=E1|150=A|39=A|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
3g 8|56=DC|797=Y|37=X1|11=O1|17=E2|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
3g 8|56=DC|797=Y|37=X1|11=O1|17=E3|150=F|39=2|1=ACME|55=BTC-PERP|54=1|38=1|31=101|32=1|151=0|14=1
3g 8|56=DC|797=Y|37=XZ|11=Z1|17=EZ1|150=0|39=0|1=OTHERS|55=BTC-PERP|54=1|38=1|151=1|14=0
3c A|49=DC|98=0|108=30|141=Y
3g A|56=DC|98=0|108=30|141=Y
3g 8|56=DC|797=Y|97=Y|37=X1|11=O1|17=E3|150=F|39=2|1=ACME|55=BTC-PERP|54=1|38=1|31=101|32=1|151=0|14=1
g AP|721=PM2|1=ACME|55=BTC-PERP|704=3|705=0
c R|131=R1|146=1|55=BTC-PERP|38=1
g S|131=R1|117=QR1|55=BTC-PERP|132=99|133=101|62=+1000
c R|131=R2|146=1|55=BTC-PERP|54=1|38=1
g S|131=R2|117=QR2|55=BTC-PERP|133=101|62=+1000
c R|131=R3|146=1|55=NONE-PERP|38=1
g AG|131=R3|658=1|58=UNKNOWN_SYMBOL
c V|262=M1|263=2
50
g W|262=M1|55=BTC-PERP|268=0
c D|11=LL|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=2|44=100|59=3
g 8|37=XL|11=LL|17=ELA|150=A|39=A|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
g 8|37=XL|11=LL|17=ELB|150=8|39=8|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0|103=99|58=LAST_LOOK_PRICE A-1
2000
c D|11=O2|1=ACME|55=BTC-PERP|54=2|60=now|38=1|40=2|44=99|59=3
g 8|37=X2|11=O2|17=E4|150=0|39=0|1=ACME|55=BTC-PERP|54=2|38=1|151=1|14=0
g 8|37=X2|11=O2|17=E5|150=F|39=1|1=ACME|55=BTC-PERP|54=2|38=1|31=99|32=0.4|151=0.6|14=0.4
g 8|37=X2|11=O2|17=E6|150=4|39=4|1=ACME|55=BTC-PERP|54=2|38=1|151=0|14=0.4|58=IOC_REMAINDER
c D|11=O3|1=ACME|55=BTC-PERP|54=1|60=now|38=2|40=2|44=90|59=1
g 8|37=X3|11=O3|17=E7|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=2|151=2|14=0
c G|11=G1|41=O3|55=BTC-PERP|54=1|60=now|38=3|40=2|44=91
g 8|37=X3|11=G1|41=O3|17=E8|150=5|39=0|1=ACME|55=BTC-PERP|54=1|38=3|151=3|14=0
c G|11=G2|41=O1|55=BTC-PERP|54=1|60=now|38=3|40=2|44=91
g 9|37=X1|11=G2|41=O1|39=2|434=2|102=0|58=TOO_LATE
c F|11=F1|41=G1|55=BTC-PERP|54=1|60=now|38=3
g 8|37=X3|11=F1|41=G1|17=E9|150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=3|151=0|14=0
c F|11=F2|41=NOPE|55=BTC-PERP|54=1|60=now|38=3
g 9|37=NONE|11=F2|41=NOPE|39=8|434=1|102=1|58=UNKNOWN_ORDER
c q|11=MC1|530=7|60=now
g r|37=MC1|530=7|531=7|533=0
c AF|584=MS1|585=7
g 8|37=NONE|17=0|150=I|39=8|584=MS1|911=0|912=Y|58=NO_ORDERS
c zz|
g 3|45=last|372=zz|373=11
c 1|
g 3|45=last|371=112|372=1|373=1
c 1|112=
g 3|45=last|371=112|372=1|373=4
c 0|4999=X
g 3|45=last|371=4999|372=0|373=0
c 0|108=30
g 3|45=last|371=108|372=0|373=2
c 0|112=A|112=B
g 3|45=last|371=112|372=0|373=13
c x|320=L9|559=77
g 3|45=last|371=559|372=x|373=5
c D|11=O4|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=3|99=120|59=1
g 8|37=X4|11=O4|17=E10|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0|636=N
g 8|37=X4|11=O4|17=E11|150=D|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0|636=Y
g 8|37=X4|11=O4|17=E12|150=F|39=2|1=ACME|55=BTC-PERP|54=1|38=1|31=121|32=1|151=0|14=1
c D|11=O5|1=ACME|55=BTC-PERP|54=2|60=now|38=2|40=1|18=E
g 8|37=X5|11=O5|17=E13|150=0|39=0|1=ACME|55=BTC-PERP|54=2|38=2|151=2|14=0
g 8|37=X5|11=O5|17=E14|150=F|39=2|1=ACME|55=BTC-PERP|54=2|38=2|31=99|32=2|151=0|14=2
2000
g AP|721=PM3|1=ACME|55=BTC-PERP|704=1.6|705=0
` + goodMoney + `c H|11=T1|55=BTC-PERP|54=1
g j|372=H|380=0|45=last|58=THROTTLED
c H|11=T2|55=BTC-PERP|54=1
g j|372=H|380=0|45=last|58=THROTTLED
3000
g 1|112=T1
20
c 0|112=T1
~ 0|
g 0|
100
c 2|7=gap|16=0
g 4|n=gap|43=Y|122=now|123=Y|36=next
! D|11=O6|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=2|44=90|59=3
! 0|
c A|98=0|108=30
g A|98=0|108=30
g 2|7=lost|16=0
c D|n=lost|43=Y|122=now|11=O6|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=2|44=90|59=3
c 4|n=lost+1|43=Y|122=now|123=Y|36=upto
g 8|37=X6|11=O6|17=E15|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
g 8|37=X6|11=O6|17=E16|150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0
c D|11=O9|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=2|44=90|59=3
c 2|7=lastg|16=0
g 8|37=X9|11=O9|17=E19|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
g 8|37=X9|11=O9|17=E20|150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0
g 4|n=mark|43=Y|122=now|123=Y|36=mark+1
! 0|
~ 0|
c A|98=0|108=30|8013=Y
g A|98=0|108=30|8013=Y
g 2|7=lost|16=0
c 2|7=gap|16=0
c 4|n=lost|43=Y|122=now|123=Y|36=upto
g 4|n=gap|43=Y|122=now|123=Y|36=next
c D|11=O7|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=2|44=90|59=1
g 8|37=X7|11=O7|17=E17|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
- nothing is read from here on
~ 8|
c A|98=0|108=30|8013=N
g A|98=0|108=30|8013=N
c 2|7=gap|16=0
g 8|n=gap|43=Y|122=now|37=X7|11=O7|17=E18|150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0|58=CANCEL_ON_DISCONNECT
g 4|n=gap+1|43=Y|122=now|123=Y|36=next
c D|11=O8|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=2|44=90|59=1
g 8|37=X8|11=O8|17=E21|150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
c A|98=0|108=30|8013=N
g A|98=0|108=30|8013=N
c AF|584=MS2|585=7
g 8|37=X8|11=O8|17=0|150=I|39=0|584=MS2|911=1|912=Y|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0
c F|11=F8|41=O8|55=BTC-PERP|54=1|60=now|38=1
g 8|37=X8|11=F8|41=O8|17=E22|150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0
c A|98=0|108=30|141=Y
g A|98=0|108=30|141=Y
g 8|97=Y|37=X9|11=O9|17=E20|150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0
c 5|
g 5|
c A|98=0|108=30
g A|98=0|108=30
g B|148=PLANNED_MAINTENANCE|33=1|58=session will be logged out at @+3000
500
c 5|
g 5|
5000
c A|98=0|108=30
g A|98=0|108=30
c 5|
g 5|
`

// scribe writes a conversation as a log.
type scribe struct {
	t         *testing.T
	at        time.Time
	next      map[string]int // MsgSeqNum of each side
	gap, lost int            // first numbers that did not arrive
	losing    bool           // the line before was lost
	mark      int            // the number that lastg was
}

// written is a conversation as a log.
func written(t *testing.T, day string) string {
	t.Helper()
	s := &scribe{t: t, at: time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC), next: map[string]int{"c": 1, "g": 1}}
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(day), "\n") {
		if ms, err := strconv.Atoi(line); err == nil {
			s.at = s.at.Add(time.Duration(ms) * time.Millisecond)
			continue
		}
		if line == "" {
			continue
		}
		s.at = s.at.Add(time.Millisecond)
		side, body, _ := strings.Cut(line, " ")
		lost := side == "!"
		if lost && !s.losing {
			s.lost = s.next["c"]
		}
		s.losing = lost
		switch side {
		case "!":
			s.next["c"]++
		case "-":
			fmt.Fprintf(&b, "%s : %s\n", stamp(s.at), body)
		case "~":
			s.gap = s.next["g"]
			s.next["g"]++
		default:
			mark := ""
			if side[0] >= '2' && side[0] <= '9' {
				mark = "connection=" + side[:1] + " : "
			}
			fmt.Fprintf(&b, "%s INFO a line of the engine\n%s : %s%s\n", stamp(s.at), stamp(s.at), mark, s.message(side, body))
		}
	}
	return b.String()
}

func (s *scribe) message(side, body string) string {
	kind, rest, _ := strings.Cut(body, "|")
	from, to, begin := "ACME", "BACKSTOP", "FIX.4.4"
	if strings.HasSuffix(side, "g") {
		from, to = to, from
	}
	if kind == "A" && strings.Contains(rest, "141=Y") {
		s.next[side] = 1
	}
	s.next[side] = max(s.next[side], 1)
	n, own := s.next[side], false
	var fields []string
	for _, f := range strings.Split(rest, "|") {
		tag, v, _ := strings.Cut(f, "=")
		v = s.value(side, v)
		switch tag {
		case "":
		case "n":
			own = true
			n = s.number(v)
		case "49":
			from = v
		case "56":
			to = v
		case "8":
			begin = v
		default:
			fields = append(fields, tag+"="+v)
		}
	}
	if !own {
		s.next[side]++
	}
	return Complete(strings.ReplaceAll(fmt.Sprintf("8=%s|35=%s|34=%d|49=%s|52=%s|56=%s|%s", begin, kind, n, from, stamp(s.at), to,
		strings.Join(append(fields, ""), "|")), "|", SOH))
}

// value fills in what a conversation leaves to the time and to the numbers.
func (s *scribe) value(side, v string) string {
	switch v {
	case "now":
		return stamp(s.at)
	case "gap":
		return strconv.Itoa(s.gap)
	case "lost":
		return strconv.Itoa(s.lost)
	case "lost+1":
		return strconv.Itoa(s.lost + 1)
	case "next", "upto":
		return strconv.Itoa(s.next[side])
	case "last":
		return strconv.Itoa(s.next["c"] - 1)
	case "rejected":
		return strconv.Itoa(s.next["g"] - 1)
	case "lastg":
		s.mark = s.next["g"] - 1
		return strconv.Itoa(s.mark)
	case "mark":
		return strconv.Itoa(s.mark)
	case "mark+1":
		return strconv.Itoa(s.mark + 1)
	case "gap+1":
		return strconv.Itoa(s.gap + 1)
	case "liq": // the latest message of the gateway
		return strconv.Itoa(s.next["g"] - 1)
	}
	if text, later, found := strings.Cut(v, "@+"); found {
		return text + stamp(s.at.Add(time.Duration(s.number(later))*time.Millisecond)) + "Z"
	}
	if strings.HasPrefix(v, "+") {
		return stamp(s.at.Add(time.Duration(s.number(v)) * time.Millisecond))
	}
	return v
}

func (s *scribe) number(v string) int {
	n, err := strconv.Atoi(v)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func reportOf(t *testing.T, log string, scope ...string) *Report {
	t.Helper()
	return reportBy(t, Unsaid, log, scope...)
}

func reportBy(t *testing.T, source Source, log string, scope ...string) *Report {
	t.Helper()
	l, err := ReadLog(strings.NewReader(log), source, "", "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReport(l, scope)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGoodDayPasses(t *testing.T) {
	r := reportOf(t, written(t, goodDay))
	for _, f := range r.Findings {
		if f.Verdict != Passed || len(f.Evidence) == 0 {
			t.Errorf("%s %s: %s %v", f.Check.ID, f.Verdict, f.Why, f.Evidence)
		}
	}
	if !r.Certified {
		t.Error("not certified")
	}
	if want := []Position{{"ACME", "BTC-PERP", 4, "-0.4"}, {"ACME", "CERT-FUND", 2, "0"}, {"ACME", "CERT-HALT", 2, "3"}, {"ACME", "ETH-PERP", 1, "1"}, {"MARGIN", "CERT-LIQ", 3, "-6600"}}; !slices.Equal(r.Positions, want) {
		t.Errorf("fills %v, want %v", r.Positions, want)
	}
}

// planted is a fault: what stands in the good day, and what instead.
type planted struct{ check, name, from, to string }

// plantedFaults are changes of the good day, each with the check that must fail.
var plantedFaults = []planted{
	{"C01", "TestRequest answered late", "20\nc 0|112=T1", "2500\nc 0|112=T1"},
	{"C01", "TestRequest not answered", "c 0|112=T1\n", "3000\n"},
	{"C01", "back before the Logout was answered", "c 5|\n", "c 5|\nc A|98=0|108=30\ng A|98=0|108=30\nc 5|\n"},
	{"C03", "asks from a later number", "c 2|7=gap", "c 2|7=next"},
	{"C03", "asks too early after a break", "g 2|7=lost|16=0\nc 2|7=gap", "g 2|7=lost|16=0\nc 2|7=2"},
	{"C03", "does not ask", "c 2|7=gap|16=0\ng 4|n=gap|43=Y|122=now|123=Y|36=next\n", "6000\n"},
	{"C03", "leaves instead", "c 2|7=gap|16=0\ng 4|n=gap|43=Y|122=now|123=Y|36=next\n", "c 5|\ng 5|\n"},
	{"C04", "repeats a Heartbeat", "c 4|n=lost+1|43=Y|122=now|123=Y|36=upto", "c 0|n=lost+1|43=Y|122=now"},
	{"C04", "repeats without its time", "c D|n=lost|43=Y|122=now", "c D|n=lost|43=Y"},
	{"C04", "resets instead", "c 4|n=lost+1|43=Y|122=now|123=Y", "c 4|n=lost+1|43=Y|122=now|123=N"},
	{"C06", "a number twice", "c q|", "c q|n=5|"},
	{"C06", "numbers skipped", "c q|", "! 0|\nc q|"},
	{"C10", "the same order over and over", "c q|",
		repeated(4, "c F|11=FF%d|41=NOPE|55=BTC-PERP|54=1|60=now|38=3\ng 9|37=NONE|11=FF%d|41=NOPE|39=8|434=1|102=1|58=UNKNOWN_ORDER\n") + "c q|"},
	{"C11", "does not back off", "3000\ng 1|", repeated(4, "500\nc H|11=TT%d|55=BTC-PERP|54=1\ng j|372=H|380=0|45=last|58=THROTTLED\n") + "3000\ng 1|"},
	{"C13", "a lot that is not one", "c q|", "c D|11=B1|1=ACME|55=BTC-PERP|54=1|60=now|38=0.0001|40=2|44=90|59=3\ng 8|37=X9|11=B1|17=EB1|150=8|39=8|1=ACME|55=BTC-PERP|54=1|38=0.0001|151=0|14=0|58=BAD_LOT\nc q|"},
	{"C13", "an order into a halt", "c q|", "g f|324=S|55=BTC-PERP|326=2|58=ORACLE_STALE\n1500\nc D|11=B2|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=1\ng 8|37=X9|11=B2|17=EB2|150=8|39=8|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0|58=ORACLE_STALE\ng f|325=Y|55=BTC-PERP|326=3\nc q|"},
	{"C14", "prices after the end", "50\ng W|262=M1", "1500\ng W|262=M1"},
	{"C15", "orders on expired quotes", "2000\nc D|11=O2", "2000\n" + repeated(2, "c D|11=L%d|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=D|117=QA1\ng 8|37=XL%d|11=L%d|17=EL%d|150=8|39=8|1=ACME|55=BTC-PERP|54=1|38=1|151=0|14=0|58=QUOTE_EXPIRED\n") + "c D|11=O2"},
	{"C15", "an order on a withdrawn quote", "100\nc D|11=O1", "g Z|131=*|117=QA1\n1100\nc D|11=O1"},
	{"C16", "an id twice", "c R|131=R2", "c R|131=R1|146=1|55=BTC-PERP|38=1\ng S|131=R1|117=QR9|55=BTC-PERP|132=99|133=101|62=+1000\nc R|131=R2"},
	{"C18", "a fill beyond the quote", "31=101|32=1|151=0", "31=102|32=1|151=0"},
	{"C18", "a fill before it is accepted", "150=0|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0\ng 8|37=X1|11=O1|17=E3", "150=A|39=A|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0\ng 8|37=X1|11=O1|17=E3"},
	{"C19", "a refused order is canceled", "c F|11=F1|41=G1", "c F|11=FL|41=LL|55=BTC-PERP|54=1|60=now|38=1\ng 9|37=XL|11=FL|41=LL|39=8|434=1|102=0|58=TOO_LATE\nc F|11=F1|41=G1"},
	{"C20", "it goes on working", "g 8|37=X2|11=O2|17=E6|150=4|39=4|1=ACME|55=BTC-PERP|54=2|38=1|151=0|14=0.4|58=IOC_REMAINDER\n", "11000\n"},
	{"C20", "sums that are not", "151=0.6|14=0.4", "151=0.6|14=0.5"},
	{"C21", "LeavesQty at the end", "150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=3|151=0", "150=4|39=4|1=ACME|55=BTC-PERP|54=1|38=3|151=3"},
	{"C22", "no answer", "g 9|37=NONE|11=F2|41=NOPE|39=8|434=1|102=1|58=UNKNOWN_ORDER\n", "6000\n"},
	{"C22", "two answers", "c q|", "g 9|37=X|11=F2|41=NOPE|39=4|434=1|102=0|58=TOO_LATE\nc q|"},
	{"C22", "unknown with an id", "g 9|37=NONE|11=F2", "g 9|37=X9|11=F2"},
	{"C23", "known without an id", "g 9|37=X1|11=G2", "g 9|37=NONE|11=G2"},
	{"C24", "no report", "g r|37=MC1|530=7|531=7|533=0", "6000"},
	{"C25", "an id twice", "c q|", "c D|11=O1|1=ACME|55=BTC-PERP|54=1|60=now|38=1|40=2|44=90|59=3\nc q|"},
	{"C26", "a fill before it is set off", "150=D|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0|636=Y", "150=D|39=0|1=ACME|55=BTC-PERP|54=1|38=1|151=1|14=0|636=N"},
	{"C27", "a position that is turned", "11=O5|1=ACME|55=BTC-PERP|54=2|60=now|38=2|40=1|18=E", "11=O5|1=ACME|55=BTC-PERP|54=2|60=now|38=5|40=1|18=E"},
	{"C28", "a position that is not there", "704=1.6", "704=1.7"},
}

// TestEachFaultFailsItsCheck plants one fault at a time: its check fails, and no
// other does.
func TestEachFaultFailsItsCheck(t *testing.T) {
	tried := map[string]bool{}
	for _, f := range slices.Concat(plantedFaults, wireFaults, moneyFaults) {
		tried[f.check] = true
		if !strings.Contains(goodDay, f.from) {
			t.Fatalf("%s, %s: the good day has no %q", f.check, f.name, f.from)
		}
		day := strings.Replace(withoutNight, f.from, f.to, 1)
		if f.check == "C27" {
			for _, x := range [][2]string{{"38=2|151=2|14=0\ng 8|37=X5", "38=5|151=5|14=0\ng 8|37=X5"}, {"38=2|31=99|32=2|151=0|14=2", "38=5|31=99|32=5|151=0|14=5"}, {"704=1.6|705=0", "704=0|705=1.4"}} {
				day = strings.Replace(day, x[0], x[1], 1)
			}
		}
		failed := failing(t, day)
		if !slices.Equal(failed, []string{f.check}) {
			t.Errorf("%s, %s: failed are %v", f.check, f.name, failed)
		}
	}
	plantMore(t, tried)
	for _, c := range Checks() {
		if !tried[c.ID] {
			t.Errorf("%s: no fault is planted", c.ID)
		}
	}
}

// repeated is a piece of a conversation several times, with its turn for each %d.
func repeated(times int, piece string) string {
	var b strings.Builder
	for i := range times {
		b.WriteString(strings.ReplaceAll(piece, "%d", strconv.Itoa(i)))
	}
	return b.String()
}

// TestNothingSeenIsNotObserved: silence passes nothing and fails nothing.
func TestNothingSeenIsNotObserved(t *testing.T) {
	r := reportOf(t, written(t, "c A|98=0|108=30\ng A|98=0|108=30"), "C26")
	for _, f := range r.Findings {
		want := NotObserved
		if f.Check.ID == "C26" {
			want = NotApplicable
		}
		if f.Verdict != want || f.Why == "" {
			t.Errorf("%s: %s %q", f.Check.ID, f.Verdict, f.Why)
		}
	}
	if r.Certified {
		t.Error("certified without having done anything")
	}
	if _, err := NewReport(&Log{}, []string{"C99"}); err == nil {
		t.Error("a check that is none is taken")
	}
}

// TestReportNamesItsDictionary: that of the version which was spoken.
func TestReportNamesItsDictionary(t *testing.T) {
	day := written(t, "c A|98=0|108=30\ng A|98=0|108=30")
	seen := map[string]string{}
	for _, v := range spec.Spoken() {
		if !slices.Contains(judged, v.BeginString) {
			continue
		}
		r := reportOf(t, strings.ReplaceAll(day, "FIX.4.4", v.BeginString))
		if other := seen[r.Dict]; other != "" || r.Begin != v.BeginString || r.Dict != digest(v.App) {
			t.Errorf("%s has the dictionary %s, %s has it too", r.Begin, r.Dict, other)
		}
		seen[r.Dict] = r.Begin
	}
}

// TestRefusedEndIsNone: a stream whose end was refused goes on, and nobody is to blame.
func TestRefusedEndIsNone(t *testing.T) {
	day := strings.Replace(goodDay, "c V|262=M1|263=2\n50\n", "c V|262=M1|263=2\ng 3|45=last|371=264|372=V|373=1\n1500\n", 1)
	for _, f := range reportOf(t, written(t, day)).Findings {
		if f.Check.ID == "C14" && f.Verdict != NotObserved {
			t.Errorf("%s: %s %v", f.Verdict, f.Why, f.Evidence)
		}
	}
}

// TestReportsAreDerived: the same log gives the same bytes, and a byte that is
// flipped anywhere is named by its line.
func TestReportsAreDerived(t *testing.T) {
	log := written(t, ordinaryDay)
	first, err := reportOf(t, log).JSON()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if again, err := reportOf(t, log).JSON(); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("another report, %v", err)
		}
	}
	if !bytes.Contains(first, []byte(`"source": "client"`)) {
		t.Error("the report does not say whose log it is of")
	}
	verify := func(report []byte, log string) error {
		return Verify(report, func(source Source, client, gateway string) (*Log, error) {
			return ReadLog(strings.NewReader(log), source, client, gateway)
		})
	}
	if err := verify(first, log); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(log); at += 101 {
		b := []byte(log)
		b[at] ^= 1
		line := strings.Count(log[:at], "\n") + 1
		var c *Changed
		if err := verify(first, string(b)); !errors.As(err, &c) || c.Line != line {
			t.Fatalf("byte %d of line %d: %v", at, line, err)
		}
	}
	lines := strings.SplitAfter(log, "\n")
	for name, s := range map[string]struct {
		log  string
		line int
	}{
		"a line less":  {strings.Join(lines[:len(lines)-2], ""), len(lines) - 1},
		"a line more":  {log + "x\n", len(lines)},
		"another log":  {"x\n", 1},
		"lines turned": {lines[1] + lines[0] + strings.Join(lines[2:], ""), 1},
	} {
		var c *Changed
		if err := verify(first, s.log); !errors.As(err, &c) || c.Line != s.line {
			t.Errorf("%s: %v, want line %d", name, err, s.line)
		}
	}
	var c *Changed
	forged := bytes.Replace(first, []byte(`"verdict": "pass"`), []byte(`"verdict": "fail"`), 1)
	if err := verify(forged, log); !errors.As(err, &c) || c.Line != 0 {
		t.Errorf("a forged report: %v", err)
	}
	scoped := bytes.Replace(first, []byte(`"out_of_scope": []`), []byte(`"out_of_scope": ["C99"]`), 1)
	if err := verify(scoped, log); bytes.Equal(scoped, first) || !errors.As(err, &c) {
		t.Errorf("a report of a check that there is not: %v", err)
	}
	nobodys := bytes.Replace(first, []byte(`"source": "client"`), []byte(`"source": "nobody"`), 1)
	if err := verify(nobodys, log); !errors.As(err, &c) || c.Line != 0 {
		t.Errorf("a report of nobody's log: %v", err)
	}
	if err := verify([]byte("{"), log); err == nil {
		t.Error("no report at all is taken")
	}
}

// TestReadLog: what engines of either side write can be read.
func TestReadLog(t *testing.T) {
	soh := "8=FIX.4.4\x019=5\x0135=A\x0134=1\x0149=C\x0152=20260701-10:00:00.500\x0156=G\x0198=0\x0110=000\x01"
	bar := strings.ReplaceAll(soh, "\x01", "|")
	for _, line := range []string{soh, bar, "20260701-10:00:01.000 : " + soh, `{"time":"2026-07-01T10:00:01Z","message":"` + bar + `"}`,
		`time=2026-07-01T12:00:01.000+02:00 msg="fix message" message="` + bar + `"`, `{"m":"` + strings.ReplaceAll(soh, "\x01", `\u0001`) + `"}`} {
		l, err := ReadLog(strings.NewReader("nothing\n"+line+"\nnothing"), Unsaid, "", "")
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		e := l.Entries[0]
		if !e.FromClient || e.Line != 2 || e.Seq != 1 || e.Kind != "A" || l.Lines != 3 || l.Client != "C" || l.Gateway != "G" {
			t.Errorf("%q: %+v of %+v", line, e, l)
		}
		if got := e.At.Format("15:04:05.0"); got != "10:00:01.0" && got != "10:00:00.5" || strings.Contains(line, "01.000") != (got == "10:00:01.0") && !strings.Contains(line, "01Z") {
			t.Errorf("%q: at %s", line, got)
		}
	}
	long := strings.TrimSuffix(bar, "|10=000|") + "|112=xxxx"
	l, err := ReadLog(strings.NewReader(long+"…\n"+long+"\n"), Unsaid, "", "")
	if err != nil || len(l.Entries) != 1 || l.Entries[0].Seq != 1 || l.Entries[0].get(98) != "0" || l.Entries[0].get(112) != "" {
		t.Errorf("a message that was shortened: %+v, %v", l, err)
	}
	for name, r := range map[string]io.Reader{"no message": strings.NewReader("hello\n"), "others": strings.NewReader(soh), "cut off": strings.NewReader(soh[:40])} {
		if _, err := ReadLog(r, Unsaid, "D", "G"); !errors.Is(err, ErrNoSession) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadLog(strings.NewReader(strings.Repeat("x", lineMax+1)), Unsaid, "", ""); err == nil {
		t.Error("a line of any length is read")
	}
}

// TestForms: each form of a report has every check, and none breaks on a hostile name.
func TestForms(t *testing.T) {
	log := strings.ReplaceAll(written(t, goodDay), "ACME", `<b>&"A`)
	r := reportOf(t, log)
	html, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	junit, err := r.JUnit()
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"HTML": string(html), "JUnit": string(junit), "Markdown": string(r.Markdown()), "text": r.Text()} {
		for _, c := range Checks() {
			if !strings.Contains(text, c.ID) {
				t.Errorf("%s lacks %s", form, c.ID)
			}
		}
		if (form == "HTML" || form == "JUnit") && strings.Contains(text, "<b>") {
			t.Errorf("%s: a name is taken for markup", form)
		}
	}
	if bytes.Contains(html, []byte("http")) || bytes.Contains(html, []byte("src=")) {
		t.Error("the page needs something from elsewhere")
	}
}

// TestGapMayReachBackOverABreak: by the gateway's own log, what it sent last on a
// connection that broke may not have arrived. By the client's it did, and on one that
// holds a client asks for what is missing, whoever wrote it down.
func TestGapMayReachBackOverABreak(t *testing.T) {
	const broke, holds = "g 2|7=lost|16=0\nc 2|7=", "100\nc 2|7="
	early := []string{"C03"}
	for _, c := range []struct {
		name, ask, from string
		client, gateway []string // checks that fail by the record of each
	}{
		{"after a break, as it is", broke, "gap", nil, nil},
		{"after a break, from an earlier number", broke, "2", early, nil},
		{"after a break, from a later one", broke, "900", early, early},
		{"without a break, from an earlier one", holds, "2", early, early},
	} {
		if !strings.Contains(withoutNight, c.ask+"gap") {
			t.Fatalf("%s: the day has no %q", c.name, c.ask+"gap")
		}
		log := written(t, strings.Replace(withoutNight, c.ask+"gap", c.ask+c.from, 1))
		for source, want := range map[Source][]string{OfClient: c.client, OfGateway: c.gateway} {
			if failed := failingBy(t, source, log); !slices.Equal(failed, want) {
				t.Errorf("%s, by the log of the %s: failed are %v, want %v", c.name, source, failed, want)
			}
		}
		told := slices.ContainsFunc(guidedThrough(t, log), func(l string) bool { return strings.HasPrefix(l, "FAILED C03 ") })
		if told != (c.gateway != nil) {
			t.Errorf("%s: a guide tells of a failure: %t", c.name, told)
		}
	}
}

// TestLogsNameTheirSource: a log that the gateway writes is told by its lines, as text
// and as JSON, and any other is the client's; what is said outright holds. The report
// has it, so that whoever checks it judges alike.
func TestLogsNameTheirSource(t *testing.T) {
	m := "8=FIX.4.4|35=A|34=1|49=C|52=20260701-10:00:00.500|56=G|98=0|108=30|10=000|"
	engine := "20260701-10:00:00.500 : " + m
	text := `time=2026-07-01T10:00:00.500Z level=DEBUG msg="fix message" comp_id=C direction=in message="` + m + `"`
	object := `{"time":"2026-07-01T10:00:00.5Z","level":"DEBUG","msg":"fix message","comp_id":"C","direction":"in","message":"` + m + `"}`
	for _, c := range []struct {
		line       string
		said, want Source
	}{
		{engine, Unsaid, OfClient}, {text, Unsaid, OfGateway}, {object, Unsaid, OfGateway}, {"unit[7]: " + text, Unsaid, OfGateway},
		{engine, OfGateway, OfGateway}, {text, OfClient, OfClient}, {object, OfGateway, OfGateway},
	} {
		l, err := ReadLog(strings.NewReader(c.line+"\n"), c.said, "", "")
		if err != nil || l.Source != c.want {
			t.Errorf("%s said to be of %q: %+v, %v", c.line, c.said, l, err)
			continue
		}
		r, err := NewReport(l, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		err = Verify(text, func(source Source, client, gateway string) (*Log, error) {
			return ReadLog(strings.NewReader(c.line+"\n"), source, client, gateway)
		})
		if err != nil || !strings.Contains(string(text), `"source": "`+string(c.want)+`"`) {
			t.Errorf("%s said to be of %q: a report of %q, %v", c.line, c.said, r.Source, err)
		}
	}
	if _, err := ReadLog(strings.NewReader(engine), "nobody", "", ""); !errors.Is(err, ErrNoSource) {
		t.Errorf("a log of nobody: %v", err)
	}
}
