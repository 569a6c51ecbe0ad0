package acceptance

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// goodStream is what a session said (>) and heard (<), with nothing wrong in it:
// orders that fill, rest, change, end, are refused and set off, and money that moves.
const goodStream = `
> D 11=A 55=M 54=1 38=2 40=2 44=101 59=1
< 8 37=O1 17=E1 150=0 39=0 11=A 54=1 38=2 44=101 14=0 151=2 6=0 22007=next
< 8 37=O1 17=E2 150=F 39=1 11=A 54=1 38=2 44=101 32=1 31=100 14=1 151=1 6=100 137=0.5 22010=100 22011=t 22012=0.5 22013=0 22015=100 22007=next
> G 41=A 11=B 55=M 54=1 38=3 40=2 44=102
< 8 37=O1 17=E3 150=5 39=1 11=B 41=A 54=1 38=3 44=102 14=1 151=2 6=100 22007=next
< 8 37=O1 17=E4 150=F 39=2 11=B 41=A 54=1 38=3 44=102 32=2 31=101 14=3 151=0 6=100.666667 137=1 22010=100.5 22011=t 22012=0 22013=2 22015=100.5 22045=100.5 22007=next
> F 41=B 11=C 55=M 54=1 38=3
< 9 37=O1 11=C 41=B 39=2 434=1 102=0 58=TOO_LATE
> D 11=K 55=M 54=1 38=5 40=2 44=103 59=1
< 8 37=O5 17=E20 150=0 39=0 11=K 54=1 38=5 44=103 14=0 151=5 6=0 22007=next
< 8 37=O5 17=E21 150=F 39=1 11=K 54=1 38=5 44=103 32=1 31=100 14=1 151=4 6=100 137=0.5 22010=100 22011=t 22012=0 22013=0 22015=100 22007=next
< 8 37=O5 17=E22 150=F 39=1 11=K 54=1 38=5 44=103 32=2 31=102 14=3 151=2 6=101.333333 137=1.5 22010=102 22011=t 22012=0 22013=0 22015=102 22007=next
< 8 37=O5 17=E23 19=E21 150=H 39=1 11=K 54=1 38=5 44=103 32=1 31=100 14=2 151=2 6=102 137=-0.5 58=BUST 22007=next
< 8 37=O5 17=E24 19=E22 150=H 39=0 11=K 54=1 38=5 44=103 32=2 31=102 14=0 151=2 6=0 137=-1.5 58=BUST 22007=next
> G 41=K 11=L 55=M 54=1 38=4 40=2 44=103
< 8 37=O5 17=E25 150=5 39=0 11=L 41=K 54=1 38=4 44=103 14=0 151=4 6=0 22007=next
< 8 37=O5 17=E26 150=F 39=2 11=L 41=K 54=1 38=4 44=103 32=4 31=100 14=4 151=0 6=100 137=2 22010=100 22011=t 22012=0 22013=0 22015=100 22007=next
< 8 37=O5 17=E27 19=E26 150=H 39=0 11=L 41=K 54=1 38=4 44=103 32=4 31=100 14=0 151=0 6=0 137=-2 58=BUST 22007=next
< 8 37=O5 17=E28 150=4 39=4 11=L 41=K 54=1 38=4 44=103 14=0 151=0 6=0 58=OPERATOR 22007=next
> D 11=D 55=M 54=2 38=1 40=D 117=Q1 59=4
< 8 37=O2 17=E5 150=A 39=A 11=D 54=2 38=1 14=0 151=1 6=0 22007=next
< 8 37=O2 17=E6 150=8 39=8 11=D 54=2 38=1 14=0 151=0 6=0 103=99 58=LAST_LOOK_PRICE 22007=next
> D 11=E 55=NONE 54=2 38=1 40=1 ; UNKNOWN_SYMBOL
< 8 37=O3 17=E7 150=8 39=8 11=E 54=2 38=1 14=0 151=0 6=0 103=1 58=UNKNOWN_SYMBOL 22007=next
> D 11=S 55=M 54=2 38=1 40=3 99=99 59=1
< 8 37=O4 17=E8 150=0 39=0 11=S 54=2 38=1 14=0 151=1 6=0 22007=next
> D 11=S 55=M 54=2 38=1 40=1
< 8 37=O4 17=E9 150=8 39=0 11=S 54=2 38=1 14=0 151=1 6=0 103=6 58=DUPLICATE_CLORDID 22007=next
> H 11=S 790=H1
< 8 37=O4 17=E10 150=I 39=0 11=S 790=H1 54=2 38=1 14=0 151=1 6=0 22007=same
< 8 37=O4 17=E11 150=L 39=0 11=S 54=2 38=1 14=0 151=1 6=0 22007=next
> q 11=Q 530=7
< 8 37=O4 17=E12 150=4 39=4 11=S 54=2 38=1 14=0 151=0 6=0 58=MASS_CANCEL 22007=next
< r 11=Q 530=7 531=7 533=1
> R 131=R1 146=1 55=M 38=1
< S 131=R1 117=Q2 133=100
> F 41=none 11=X 55=M 54=1 38=1 ; UNKNOWN_ORDER
< 9 37=NONE 11=X 41=none 39=8 434=1 102=1 58=UNKNOWN_ORDER
> D 11=Y 55=M 38=1 40=1 ; 3
< 3 45=last 371=54 372=D 373=1
< AM 721=F-1 707=CASH 708=-2 22087=0 22088=-2 22089=96.5 22007=next
> AN 710=P1 1=M
< AP 710=P1 727=1 704=3 22007=same
> BB 909=B1 1=M
< BG 909=B1 945=0 911=1
< BA 909=B1 911=1 901=96.5
`

// play feeds a stream to a fresh checker. Messages and events are numbered here,
// so that one that is left out is not missed for its number.
func play(stream string) *Promises {
	p := &Promises{Execs: &ExecIDs{}, VAMM1: true, Cash: dec("100")}
	said, heard, events := 0, 0, 0
	for line := range strings.Lines(strings.TrimSpace(stream)) {
		text, flaw, _ := strings.Cut(strings.TrimSpace(line), " ; ")
		parts := Fields(strings.Fields(text))
		body := parts[2:]
		switch parts[0] {
		case ">":
			said++
			wrong := Flaw{Token: flaw}
			if flaw == "3" {
				wrong = Flaw{Reject: 2}
			}
			p.Sent(said, parts[1], body, wrong)
		case "<":
			heard++
			if f := slices.Index(body, "45=last"); f >= 0 {
				body[f] = "45=" + strconv.Itoa(said)
			}
			for i := range body {
				switch body[i] {
				case "22007=skip":
					events += 2
				case "22007=next":
					events++
				case "22007=same":
				default:
					continue
				}
				body[i] = "22007=" + strconv.Itoa(events)
			}
			if body.Get(34) == "" {
				body = append(body, "34="+strconv.Itoa(heard))
			}
			p.Took(append(Fields{"35=" + parts[1]}, body...))
		case "!":
			p.Lost()
		}
	}
	p.End()
	return p
}

// streamMutants are edits that make one thing wrong, and the promise that it breaks.
var streamMutants = []struct{ name, old, new, breaks string }{
	{"an order without an answer", lineWith("E7"), "", OneAnswer},
	{"a cancel without an answer", "< 9 37=O1 11=C 41=B 39=2 434=1 102=0 58=TOO_LATE\n", "", OneAnswer},
	{"a mass cancel without an answer", "< r 11=Q 530=7 531=7 533=1\n", "", OneAnswer},
	{"a quote request without an answer", "< S 131=R1 117=Q2 133=100\n", "", OneAnswer},
	{"a status request without an answer", lineWith("E10"), "", OneAnswer},
	{"a bad message without an answer", "< 3 45=last 371=54 372=D 373=1\n", "", OneAnswer},
	{"an answer of two parts with one", "< BA 909=B1 911=1 901=96.5\n", "", OneAnswer},
	{"a quote twice", "< S 131=R1 117=Q2 133=100\n", "< S 131=R1 117=Q2 133=100\n< S 131=R1 117=Q3 133=100\n", OneAnswer},
	{"a cancel reject twice", lineWith("58=TOO_LATE"), lineWith("58=TOO_LATE") + lineWith("58=TOO_LATE"), OneAnswer},
	{"an answer to nobody", "< AM 721=F-1", "< AQ 568=T 748=0\n< AM 721=F-1", OneAnswer},
	{"r counts wrong", "533=1", "533=2", OneAnswer},
	{"an order that never ends", lineWith("E12") + "< r 11=Q 530=7 531=7 533=1\n", "< r 11=Q 530=7 531=7 533=0\n", OneAnswer},
	{"a fill without a new", lineWith("E1 "), "", NewFirst},
	{"filled again after the end", "> F 41=B", "< 8 37=O1 17=E99 150=4 39=4 11=B 41=A 54=1 38=3 14=3 151=0 6=100.666667 22007=next\n> F 41=B", FinalState},
	{"a status that differs from the reports", "17=E10 150=I 39=0", "17=E10 150=I 39=1", FinalState},
	{"39 that does not fit 150", "17=E8 150=0 39=0", "17=E8 150=0 39=A", FinalState},
	{"busted twice", "17=E24 19=E22", "17=E24 19=E21", Sums},
	{"a bust of no fill", "17=E27 19=E26", "17=E27 19=E99", Sums},
	{"a bust of another size", "32=1 31=100 14=2 151=2", "32=2 31=100 14=2 151=2", Sums},
	{"a bust of another price", "32=4 31=100 14=0 151=0", "32=4 31=101 14=0 151=0", Sums},
	{"a bust without its fee", "137=-1.5 58=BUST", "137=-1 58=BUST", Sums},
	{"a busted size that is worked again", "14=0 151=2 6=0 137=-1.5", "14=0 151=5 6=0 137=-1.5", Sums},
	{"a bust that ends a filled order at once", "150=H 39=0 11=L", "150=H 39=4 11=L", FinalState},
	{"set off twice", lineWith("E11"), lineWith("E11") + strings.Replace(lineWith("E11"), "E11", "E98", 1), FinalState},
	{"CumQty that is not the sum", "32=2 31=101 14=3", "32=2 31=101 14=2", Sums},
	{"AvgPx off by a unit of the last place", "6=100.666667 137=1", "6=100.666668 137=1", Sums},
	{"LeavesQty that does not add up", "14=1 151=2", "14=1 151=1", Sums},
	{"LeavesQty at the end", "11=S 54=2 38=1 14=0 151=0", "11=S 54=2 38=1 14=0 151=1", Sums},
	{"worse than the limit", "44=102 32=2 31=101 14=3 151=0 6=100.666667", "44=102 32=2 31=103 14=3 151=0 6=102", Sums},
	{"an ExecID twice", "17=E4 ", "17=E2 ", ExecOnce},
	{"an event number left out", "22089=96.5 22007=next", "22089=96.5 22007=skip", EventSeq},
	{"an event number twice", "22045=100.5 22007=next", "22045=100.5 22007=same", EventSeq},
	{"an event without a number", "LAST_LOOK_PRICE 22007=next", "LAST_LOOK_PRICE", EventSeq},
	{"a position of an event that was not told", "704=3 22007=same", "704=3 22007=99", EventSeq},
	{"a repeated ClOrdID executes", "150=8 39=0 11=S 54=2 38=1 14=0 151=1 6=0 103=6 58=DUPLICATE_CLORDID", "150=0 39=0 11=S 54=2 38=1 14=0 151=1 6=0", Executes},
	{"a first ClOrdID is called a repetition", "103=1 58=UNKNOWN_SYMBOL", "103=6 58=UNKNOWN_SYMBOL", Executes},
	{"a number again", "37=O4 17=E12", "34=3 37=O4 17=E12", Numbers},
	{"repeated without a break", "37=O4 17=E12", "43=Y 37=O4 17=E12", Numbers},
	{"a quote repeated after a break", "< S 131=R1", "! lost\n< S 43=Y 131=R1", NoReplay},
	{"another reason", "103=1 58=UNKNOWN_SYMBOL", "103=3 58=MAX_ORDER_SIZE", SameReason},
	{"another form of reject", "372=D 373=1", "372=D 373=5", SameReason},
	{"an event with another balance", "22089=96.5", "22089=96.4", Money},
	{"a balance that nobody told of", "901=96.5", "901=96.6", Money},
	{"a position that is not the fills", "704=3", "704=2", Money},
	{"an OrigClOrdID that was never its own", "11=B 41=A 54=1 38=3 44=102 14=1", "11=B 41=Z 54=1 38=3 44=102 14=1", Chain},
	{"a fill without the outside price", "22010=100 22011=t 22012=0.5 22013=0 22015=100 ", "", Sums},
	{"a fill without the price's worth", "22012=0 22013=2 ", "22012=0 ", Sums},
	{"a fill looked at with another price", "22045=100.5", "22045=100.6", Sums},
	{"a fill marked at another price", "22015=100.5", "22015=100.4", Sums},
	{"a fill with a former ClOrdID", "39=2 11=B 41=A", "39=2 11=A", Chain},
}

// lineWith is the line of the good stream that has this text.
func lineWith(part string) string {
	for l := range strings.Lines(goodStream) {
		if strings.Contains(l, part) {
			return l
		}
	}
	return ""
}

// TestPromisesSeeFaults gives the checker a stream with one thing wrong at a time.
func TestPromisesSeeFaults(t *testing.T) {
	for _, b := range play(goodStream).Breaches {
		t.Errorf("nothing is wrong, and yet %s: %s", b.Promise, b.How)
	}
	for _, m := range streamMutants {
		t.Run(strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) {
			if m.old == "" || strings.Count(goodStream, m.old) != 1 {
				t.Fatalf("%q stands %d times in the stream", m.old, strings.Count(goodStream, m.old))
			}
			found := play(strings.Replace(goodStream, m.old, m.new, 1)).Breaches
			if len(found) == 0 {
				t.Fatal("nothing was seen")
			}
			for _, b := range found {
				if b.Promise != m.breaks {
					t.Errorf("%s: %s; want only %s", b.Promise, b.How, m.breaks)
				}
			}
		})
	}
}
