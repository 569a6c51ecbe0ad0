package fix

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"backstop/perp"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/datadictionary"
)

// mixture are good messages of every type that a client may send, without what
// the frame adds.
var mixture = []string{
	"A|98=0|108=30|141=Y|553=ACME|554=demo|22000=VAMM1|8013=Y|789=3|", "0|112=x|", "1|112=x|", "2|7=1|16=0|", "3|45=2|371=55|372=D|373=5|58=x|",
	"4|123=Y|36=9|", "4|36=9|", "5|58=bye|", "j|45=2|372=D|380=0|58=x|",
	"D|11=A1|1=ACME|55=SOL-PERP|54=1|60=20260722-12:00:00.000|38=1.5|40=2|44=150.01|59=1|",
	"D|11=A2|55=SOL-PERP|54=2|60=20260722-12:00:00|38=1|40=D|117=Q1|453=2|448=P|447=D|452=11|802=1|523=S|803=4|448=R|447=D|452=12|",
	"G|41=A1|11=A3|55=SOL-PERP|54=1|60=20260722-12:00:00.000|38=2|40=2|44=149|", "F|41=A1|11=A4|55=SOL-PERP|54=1|60=20260722-12:00:00.000|38=2|",
	"H|11=A1|55=SOL-PERP|54=1|790=S|", "R|131=R1|146=1|55=SOL-PERP|38=1|303=1|537=1|54=1|",
	"V|262=M1|263=1|264=5|265=1|267=3|269=0|269=1|269=2|146=1|55=SOL-PERP|", "V|262=M1|263=2|264=0|", "e|324=E1|55=SOL-PERP|263=0|", "x|320=X1|559=4|",
	"BE|923=U1|924=3|553=ACME|554=demo|925=new|",
	"AN|710=P1|724=0|453=1|448=P|447=D|452=13|1=ACME|581=1|715=20260722|60=20260722-12:00:00|263=1|", "BB|909=C1|1=ACME|263=1|",
	"AD|568=T1|569=1|263=0|1=ACME|580=2|75=20260722|60=20260722-12:00:00|75=20260723|60=20260723-12:00:00|37=O|11=A1|",
}

// nasty are values that parsers stumble over.
var nasty = []string{
	"", "0", "-0", "-1", "+1", "1e5", ".5", "5.", "NaN", "Inf", "0x1", "00000000000000000000001", "9223372036854775807", "18446744073709551617",
	"-9223372036854775808", strings.Repeat("9", 40), strings.Repeat("9", 5000), "1.0000000000000000000000001", "Y", "N", "\x00", "\xff\xfe", "=", "a=b", "8=FIX.4.4",
	"10=000", "20260722-12:00:00.000", "99999999-99:99:99", "20260722", "D", "SOL-PERP", "é", "\n", "\x1b[31m", strings.Repeat("A", 300), "100", "65536",
}

// tagsOfInterest are tried in place of others: framing, counts, raw data, groups.
var tagsOfInterest = []int{0, 1, 7, 8, 9, 10, 11, 16, 34, 35, 36, 38, 43, 44, 49, 52, 56, 89, 90, 91, 93, 95, 96, 97, 122, 146, 212, 213, 267, 269, 348, 349, 352, 353, 354, 355, 358, 359, 453, 454, 523, 539, 555, 580, 618, 711, 802, 5000, 22000, 99999, 1 << 30}

// mutator makes messages that are wrong in one to four ways.
type mutator struct{ rand *rand.Rand }

func (m mutator) pick(list []string) string { return list[m.rand.IntN(len(list))] }

// message is a frame whose BodyLength and CheckSum are right, mostly.
func (m mutator) message() []byte {
	return m.from("ACME", "BACKSTOP", m.rand.IntN(20), "20260722-12:00:00.300")
}

func (m mutator) from(name, our string, seq int, now string) []byte {
	text := m.pick(mixture)
	kind, rest, _ := strings.Cut(text, "|")
	head := []string{"34=" + strconv.Itoa(seq), "49=" + name, "52=" + now, "56=" + our}
	fields := append(head, strings.Split(strings.TrimSuffix(rest, "|"), "|")...)
	for range 1 + m.rand.IntN(4) {
		fields = m.change(fields)
	}
	body := "35=" + kind + "\x01" + strings.Join(fields, "\x01") + "\x01"
	b := frameOf("FIX.4.4", body)
	if m.rand.IntN(20) == 0 { // bytes anywhere, for the guard to find
		b[m.rand.IntN(len(b))] = byte(m.rand.IntN(256))
	}
	return b
}

func (m mutator) change(fields []string) []string {
	if len(fields) == 0 {
		return append(fields, "58="+m.pick(nasty))
	}
	i := m.rand.IntN(len(fields))
	tag, value, _ := strings.Cut(fields[i], "=")
	switch m.rand.IntN(10) {
	case 0:
		return append(fields[:i], fields[i+1:]...)
	case 1:
		return append(fields, fields[i])
	case 2:
		j := m.rand.IntN(len(fields))
		fields[i], fields[j] = fields[j], fields[i]
	case 3, 4:
		fields[i] = tag + "=" + m.pick(nasty)
	case 5:
		fields[i] = strconv.Itoa(tagsOfInterest[m.rand.IntN(len(tagsOfInterest))]) + "=" + value
	case 6:
		return append(fields, strconv.Itoa(tagsOfInterest[m.rand.IntN(len(tagsOfInterest))])+"="+m.pick(nasty))
	case 7:
		fields[i] = tag + "=" + strconv.Itoa(m.rand.IntN(200)-20)
	case 8:
		if b := []byte(fields[i]); len(b) > 0 {
			b[m.rand.IntN(len(b))] = byte(m.rand.IntN(256))
			fields[i] = string(b)
		}
	case 9: // fields of another message
		_, other, _ := strings.Cut(m.pick(mixture), "|")
		return append(fields, strings.Split(strings.TrimSuffix(other, "|"), "|")...)
	}
	return fields
}

// mill takes bytes on the way that a client's take: guard, parser, validator,
// the callbacks' checks, codec, desk.
type mill struct {
	door       *Door
	dictionary *datadictionary.DataDictionary
	validator  quickfix.Validator
	through    int // let through by the guard
	valid      int // found valid by the session library
	commands   int
}

func newMill(t testing.TB, d *datadictionary.DataDictionary) *mill {
	cfg := Config{Listen: "127.0.0.1:0", CompID: "BACKSTOP", Sessions: []SessionConfig{{CompID: "ACME", Password: "demo", AllowReset: true}}}
	none := func(string, int64, int64, int64, func(perp.WireMessage) error) error { return nil }
	door, err := New(cfg, func(perp.Input) bool { return true }, nil, none, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	door.Restate([]perp.Event{perp.MarketListed{Instrument: testInstrument, Terms: testTerms}})
	return &mill{door: door, dictionary: d, validator: quickfix.NewValidator(pickiest, d, nil)}
}

func (m *mill) grind(b []byte) {
	for len(b) > 0 {
		frame, skip, found := cut(b, 64<<10)
		if found == needMore {
			return
		}
		if found == whole {
			m.take(bytes.Clone(frame))
		}
		b = b[skip:]
	}
}

func (m *mill) take(frame []byte) {
	h, forbidden, bad := read(frame)
	if bad || forbidden {
		return
	}
	m.through++
	h.blank(frame)
	msg := quickfix.NewMessage()
	if quickfix.ParseMessageWithDataDictionary(msg, bytes.NewBuffer(frame), nil, m.dictionary) != nil {
		return
	}
	if m.validator.Validate(msg) != nil {
		return
	}
	m.valid++
	l := m.door.links[0]
	if strings.Contains("0123450A", h.kind) {
		l.heard(msg, h.kind)
		if h.kind == "2" {
			l.resendable(msg)
		}
		bounded(msg, 36, 1)
		terms(l.cfg, h, time.Unix(0, int64(testTime)), m.door.cfg.Limits.Skew)
		return
	}
	cmd, rej := m.door.codec.decode(msg, l.origin(msg))
	switch {
	case cmd != nil:
		m.commands++
		m.door.desk.admit(cmd, msg)
	case rej == nil:
		m.door.desk.local(msg, "ACME", testTime)
	}
	m.door.desk.forget("ACME")
}

// TestMutatedMessages: C2. A million messages, each wrong in some way, go through
// guard, parser, validator and codec without a panic. What made one is told, so
// that it can be added to mixture.
func TestMutatedMessages(t *testing.T) {
	t.Parallel()
	want := 1_000_000
	if testing.Short() {
		want = 50_000
	}
	var all sync.WaitGroup
	mills := make([]*mill, runtime.GOMAXPROCS(0))
	for i := range mills {
		mills[i] = newMill(t, own())
		all.Go(func() {
			var last []byte
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("panic %v by %q\n%s", r, last, debug.Stack())
				}
			}()
			m := mutator{rand.New(rand.NewPCG(1, uint64(i)))}
			for mills[i].through < want/len(mills)+1 {
				last = m.message()
				mills[i].grind(last)
			}
		})
	}
	all.Wait()
	through, valid, commands := 0, 0, 0
	for _, m := range mills {
		through, valid, commands = through+m.through, valid+m.valid, commands+m.commands
	}
	t.Logf("%d let through, %d of them valid, %d became commands", through, valid, commands)
	if through < want || valid < want/50 || commands < want/100 {
		t.Errorf("%d let through, %d valid, %d commands: the mutations do not reach what they are for", through, valid, commands)
	}
}

// TestMutatedMessagesOverTheWire: the same against a whole door, whose sessions
// would take the process with them. Another client is served all the while.
func TestMutatedMessagesOverTheWire(t *testing.T) {
	t.Parallel()
	rounds := 400
	if testing.Short() {
		rounds = 40
	}
	w := newWorld(t, func(c *Config) {
		c.Limits.PerAddress = 1000
		c.Sessions = append(c.Sessions, SessionConfig{CompID: "MALLORY", Auth: AuthNone, ResetOnLogon: true, AllowReset: true})
	})
	other := w.login("BOB")
	m := mutator{rand.New(rand.NewPCG(2, 2))}
	logons := 0
	for i := range rounds {
		p := w.dial("MALLORY")
		if i%4 > 0 { // a quarter begins with whatever it is
			p.send("A", "98=0|108=30|")
			got, err := p.next(patience)
			if err != nil || fieldOf(got, "35") != "A" {
				p.conn.Close() // The one before is still ending.
				continue
			}
			logons++
		}
		var stream []byte
		for range 50 {
			stream = append(stream, m.from("MALLORY", w.our, p.seq+m.rand.IntN(3)/2, stampOf(time.Now()))...)
			p.seq++
		}
		if _, err := p.conn.Write(stream); err == nil && i%2 == 0 {
			p.conn.(interface{ CloseWrite() error }).CloseWrite()
			p.drainAway() // However it ends.
		}
		p.conn.Close()
		if i%20 == 0 {
			other.answers("served " + strconv.Itoa(i))
		}
	}
	other.answers("served at the end")
	select {
	case err := <-w.door.Fault():
		t.Errorf("a callback panicked: %v", err)
	default:
	}
	if logons < rounds/4 {
		t.Errorf("only %d of %d connections got in", logons, rounds)
	}
}

// FuzzMixture is the same for inputs that the fuzzer finds.
func FuzzMixture(f *testing.F) {
	for _, text := range mixture {
		kind, rest, _ := strings.Cut(text, "|")
		f.Add([]byte(kind), []byte(strings.ReplaceAll(rest, "|", "\x01")))
	}
	m := newMill(f, own())
	f.Fuzz(func(_ *testing.T, kind, fields []byte) {
		m.grind(frameOf("FIX.4.4", "35="+string(kind)+"\x0134=7\x0149=ACME\x0152=20260722-12:00:00.300\x0156=BACKSTOP\x01"+string(fields)))
	})
}
