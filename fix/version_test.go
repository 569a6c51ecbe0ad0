package fix

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"backstop/spec"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/datadictionary"
)

// inForms are the bytes of a message as it is sent, resent and repeated.
func inForms(begin string, msg *quickfix.Message) map[string][]byte {
	kind, all := kindOf(msg), map[string][]byte{}
	body := bodyOf(outbound(msg))
	form := func(name string, more ...pair) {
		head := append([]pair{{35, kind}, {34, "12"}}, more...)
		head = append(head, pair{49, "BACKSTOP"}, pair{52, stamp(testTime)}, pair{56, "ACME"})
		all[name] = reframe(begin, append(wire(head), wire(body)...))
	}
	form("first")
	if stored[kind] {
		form("43=Y", pair{43, "Y"}, pair{122, stamp(testTime)})
	}
	if reports[kind] {
		form("97=Y", pair{97, "Y"})
		form("43=Y 97=Y", pair{43, "Y"}, pair{97, "Y"}, pair{122, stamp(testTime)})
	}
	return all
}

// TestOutboundOfVersions: what is sent in FIX 4.2 and FIX 5.0 SP2, first and again,
// is what a client with the stock dictionaries of that version takes.
func TestOutboundOfVersions(t *testing.T) {
	for _, c := range []struct {
		golden, begin, app, transport string
		d                             dialect
		without                       []string
	}{
		{"outbound_fix42", "FIX.4.2", "FIX42.xml", "", fix42, []string{"AG", "AP", "AM", "AX", "y", "r", "BA", "AE"}},
		{"outbound_fix50", "FIXT.1.1", "FIX50SP2.xml", "FIXT11.xml", fix50, nil},
	} {
		v, _ := spec.VersionOf(c.begin)
		dictionaries := map[string][2]*datadictionary.DataDictionary{"stock": {dictionaryOf(stockSource(t, c.app))}, "ours": {dictionaryOf(v.App)}}
		if c.transport != "" {
			dictionaries["stock"] = [2]*datadictionary.DataDictionary{dictionaries["stock"][0], dictionaryOf(stockSource(t, c.transport))}
			dictionaries["ours"] = [2]*datadictionary.DataDictionary{dictionaries["ours"][0], dictionaryOf(v.Transport)}
		}
		var lines, kinds []string
		names, messages := everyOutbound(t, c.d)
		for i, msg := range messages {
			if !c.d.spoken(msg) {
				continue
			}
			once := plain(msg)
			if !c.d.spoken(msg) || plain(msg) != once {
				t.Errorf("%s: said twice it is %s, not %s", names[i], plain(msg), once)
			}
			kinds = append(kinds, kindOf(msg))
			lines = append(lines, names[i]+" :: "+once)
			for form, raw := range inForms(c.begin, msg) {
				for whose, dict := range dictionaries {
					if err := validateIn(raw, dict[0], dict[1]); err != nil {
						t.Errorf("%s %s, %s dictionary: %v\n%s", names[i], form, whose, err, bytes.ReplaceAll(raw, []byte{1}, []byte("|")))
					}
				}
			}
		}
		for _, m := range spec.Promised().In(v.Key).Messages {
			if m.From == "gateway" && !slices.Contains(kinds, m.Type) && !slices.Contains(c.without, m.Type) && m.Type != "j" {
				t.Errorf("%s: no %s is tried", v.Name, m.Type)
			}
		}
		for _, kind := range c.without {
			if slices.Contains(kinds, kind) {
				t.Errorf("%s: %s is sent", v.Name, kind)
			}
		}
		golden(t, c.golden, lines)
	}
}

func validateIn(raw []byte, app, transport *datadictionary.DataDictionary) error {
	msg, head := quickfix.NewMessage(), transport
	if head == nil {
		head = app
	}
	if err := quickfix.ParseMessageWithDataDictionary(msg, bytes.NewBuffer(bytes.Clone(raw)), head, app); err != nil {
		return err
	}
	if rej := quickfix.NewValidator(pickiest, app, transport).Validate(msg); rej != nil {
		return rej
	}
	return nil
}

func linkIn(begin string) *link {
	v, _ := spec.VersionOf(begin)
	return &link{version: v, speaks: foreignDialects[v.Key], id: quickfix.SessionID{BeginString: begin, SenderCompID: "BACKSTOP", TargetCompID: "ACME"}}
}

// TestSessionMovesToAnotherVersion: what was said in one version is said in another
// when it is asked for again; what that cannot say is left to a gap fill.
func TestSessionMovesToAnotherVersion(t *testing.T) {
	raw := func(begin, body string) []byte { return reframe(begin, []byte(strings.ReplaceAll(body, "|", "\x01"))) }
	const head = "35=8|34=5|49=BACKSTOP|52=20260722-12:00:00.341|56=ACME|"
	fill44 := head + "37=O-1|11=C|17=E|150=F|39=2|55=SOL-PERP|54=1|32=1|31=2|151=0|14=1|6=2|"
	fill42 := head + "37=O-1|11=C|17=E|20=0|150=2|39=2|55=SOL-PERP|54=1|32=1|31=2|151=0|14=1|6=2|"
	for _, c := range []struct{ from, to, was, want string }{
		{"FIX.4.4", "FIX.4.2", fill44, "150=2"}, {"FIX.4.2", "FIX.4.4", fill42, "150=F"}, {"FIX.4.2", "FIXT.1.1", fill42, "150=F"},
		{"FIXT.1.1", "FIX.4.2", fill44, "20=0"}, {"FIX.4.4", "FIX.4.4", fill44, "150=F"},
		{"FIX.4.2", "FIX.4.4", strings.ReplaceAll(fill42, "20=0|150=2", "20=3|150=2"), "150=I"},
	} {
		got, ok := linkIn(c.to).present(raw(c.from, c.was))
		m := ParseMessage(got)
		if tag, value, _ := strings.Cut(c.want, "="); !ok || len(m.Problems) > 0 || m.Get(8) != c.to || m.Get(map[string]int{"150": 150, "20": 20}[tag]) != value {
			t.Errorf("%s to %s: %s %v, want %s", c.from, c.to, bytes.ReplaceAll(got, []byte{1}, []byte("|")), ok, c.want)
		}
		if c.to != "FIX.4.2" && m.Get(20) != "" {
			t.Errorf("%s has 20", c.to)
		}
	}
	paid := strings.Replace(fill42, "|6=2|", "|6=2|12=0.12|13=3|58=", 1)
	for text, kind := range map[string]string{"SLIPPAGE|": "4", "LIQUIDATION|": "7"} {
		for _, to := range []string{"FIX.4.4", "FIXT.1.1"} {
			l := linkIn(to)
			l.currency = func(symbol string) string { return "USDC of " + symbol }
			got, ok := l.present(raw("FIX.4.2", paid+text))
			m := ParseMessage(got)
			if !ok || m.Get(12)+m.Get(13) != "" || m.Get(136) != "1" || m.Get(137) != "0.12" || m.Get(138) != "USDC of SOL-PERP" || m.Get(139) != kind {
				t.Errorf("%s: the fee in %s: %s", text, to, bytes.ReplaceAll(got, []byte{1}, []byte("|")))
			}
		}
	}
	if got, ok := linkIn("FIX.4.4").present(raw("FIX.4.2", paid+"x|")); !ok || bytes.Contains(got, []byte("\x01138=")) || !bytes.Contains(got, []byte("\x01137=0.12\x01139=4\x01")) {
		t.Errorf("without a market: %s", bytes.ReplaceAll(got, []byte{1}, []byte("|")))
	}
	if got, ok := linkIn("FIX.4.2").present(raw("FIX.4.4", strings.Replace(head, "35=8", "35=AM", 1)+"721=X|")); ok {
		t.Errorf("FIX 4.2 says %s", got)
	}
}

// TestQuoteRefusedInFIX42: FIX 4.2 has no refusal of a quote request, so that j is
// the one answer.
func TestQuoteRefusedInFIX42(t *testing.T) {
	kind, body, ok := fix42.put("AG", []pair{{131, "R1"}, {658, "1"}, {146, "1"}, {55, "X"}, {58, "UNKNOWN_SYMBOL X"}})
	if want := "372=R|379=R1|380=2|58=UNKNOWN_SYMBOL X|"; kind != "j" || !ok || strings.ReplaceAll(string(wire(body)), "\x01", "|") != want {
		t.Errorf("%s %s", kind, wire(body))
	}
}

func TestTermsOfVersions(t *testing.T) {
	for _, c := range []struct {
		begin, version, dialect string
		good                    bool
	}{
		{"FIX.4.4", "", "VAMM1", true}, {"FIX.4.2", "", "STRICT44", true}, {"FIX.4.2", "", "VAMM1", false},
		{"FIXT.1.1", "9", "", true}, {"FIXT.1.1", "", "", false}, {"FIXT.1.1", "7", "", false}, {"FIXT.1.1", "9", "VAMM1", false},
	} {
		v, _ := spec.VersionOf(c.begin)
		if why := termsOfVersion(v, header{applVersion: c.version, dialect: c.dialect}); (why == "") != c.good {
			t.Errorf("%+v: %q", c, why)
		}
	}
}

// TestFeeIsToldWhilePublishRuns: what is said again in another version waits for no
// lock of the desk: a reset brings it about under the lock of the numbers, for which
// publish waits with that of the desk.
func TestFeeIsToldWhilePublishRuns(t *testing.T) {
	k, l, told := testDesk(), linkIn("FIX.4.4"), make(chan []byte, 1)
	l.currency = k.currencyOf
	k.mu.Lock()
	defer k.mu.Unlock()
	go func() {
		said, _ := l.present(reframe("FIX.4.2", []byte("35=8\x0134=5\x0117=E\x0120=0\x01150=2\x0139=2\x0155=SOL-PERP\x016=2\x0112=0.12\x0113=3\x01")))
		told <- said
	}()
	select {
	case said := <-told:
		if want := "\x01138=" + testInstrument.Currency + "\x01"; !bytes.Contains(said, []byte(want)) {
			t.Errorf("no %q in %q", want, said)
		}
	case <-time.After(patience):
		t.Fatal("it waits for the desk")
	}
}
