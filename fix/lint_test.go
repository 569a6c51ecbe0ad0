package fix

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"backstop/spec"
)

// inLibrary is the path of a file of the session library.
func inLibrary(t *testing.T, path ...string) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/quickfixgo/quickfix").Output()
	if err != nil {
		t.Fatalf("find the session library: %v", err)
	}
	return filepath.Join(append([]string{strings.TrimSpace(string(dir))}, path...)...)
}

// stockSource is a dictionary that comes with the library: what clients use.
func stockSource(t *testing.T, name string) []byte {
	t.Helper()
	return must(os.ReadFile(inLibrary(t, "spec", name)))
}

// TestStockDictionaryTakesEveryForm: a client with the stock dictionary and all
// validation on takes every message of STRICT44, also resent and repeated.
func TestStockDictionaryTakesEveryForm(t *testing.T) {
	for name, src := range map[string][]byte{"stock": stockSource(t, "FIX44.xml"), "ours": spec.Dictionary(), "VAMM1's": spec.DictionaryVAMM1()} {
		got, err := Lint(src, "STRICT44")
		if err != nil || got.Refused != 0 || len(got.Refusals) != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if got.Messages < 200 {
			t.Errorf("%s: only %d messages were tried", name, got.Messages)
		}
	}
	if got, err := Lint(spec.DictionaryVAMM1(), "VAMM1"); err != nil || got.Refused != 0 {
		t.Errorf("VAMM1: %+v, %v", got, err)
	}
}

// TestLogHasEveryForm: each message type that the table says the gateway sends is
// in the log; what can be resent or repeated is there in that form too.
func TestLogHasEveryForm(t *testing.T) {
	for name, d := range dialects {
		log, err := outboundLog(d)
		if err != nil {
			t.Fatal(err)
		}
		has := func(kind, form string) bool {
			return slices.ContainsFunc(log, func(m logged) bool { return m.kind == kind && strings.HasSuffix(m.name, form) })
		}
		for _, c := range spec.Promised().Messages {
			if c.From != "client" && !has(c.Type, "") {
				t.Errorf("%s: no %s in the log", name, c.Type)
			}
			if stored[c.Type] && !has(c.Type, " 43=Y") || reports[c.Type] && (!has(c.Type, " 97=Y") || !has(c.Type, " 43=Y 97=Y")) {
				t.Errorf("%s: no resent or repeated form of %s in the log", name, c.Type)
			}
		}
	}
}

// TestLintNamesWhatIsRefused: every fault is told with its tag, not only the
// first one of a message.
func TestLintNamesWhatIsRefused(t *testing.T) {
	got, err := Lint(stockSource(t, "FIX44.xml"), "VAMM1")
	if err != nil {
		t.Fatal(err)
	}
	find := func(kind string, tag int) (r Refusal) {
		for _, r := range got.Refusals {
			if r.MsgType == kind && r.Tag == tag {
				return r
			}
		}
		return Refusal{}
	}
	for _, want := range []Refusal{
		{MsgType: "8", Tag: 22005, Reason: 0}, {MsgType: "8", Tag: 22040, Reason: 0}, {MsgType: "8", Tag: 103, Reason: 5},
		{MsgType: "j", Tag: 380, Reason: 5}, {MsgType: "A", Tag: 22000, Reason: 0}, {MsgType: "W", Tag: 22060, Reason: 0},
	} {
		if r := find(want.MsgType, want.Tag); r.Reason != want.Reason || r.Count == 0 || len(r.Messages) == 0 || r.Text == "" {
			t.Errorf("%s %d: %+v, want reason %d", want.MsgType, want.Tag, r, want.Reason)
		}
	}
	if got.Refused == 0 || got.Refused >= got.Messages {
		t.Errorf("%d of %d refused", got.Refused, got.Messages)
	}
	broken := bytes.Replace(spec.Dictionary(), []byte("<message name='CollateralRequest' msgcat='app' msgtype='AX'>"), []byte("<message name='Other' msgcat='app' msgtype='ZZ'>"), 1)
	if got, err = Lint(broken, "STRICT44"); err != nil || len(got.Refusals) != 1 || find("AX", 0).Reason != 11 || got.Refused != find("AX", 0).Count {
		t.Errorf("without AX: %+v, %v", got, err)
	}
	order := bytes.Replace(spec.Dictionary(), []byte("<field name='MDEntryType' required='Y'/>\n   <field name='MDEntryPx' required='N'/>"), []byte("<field name='MDEntryPx' required='N'/>\n   <field name='MDEntryType' required='Y'/>"), 1)
	if got, err = Lint(order, "STRICT44"); err != nil || find("W", 268).Count == 0 && len(got.Refusals) == 0 {
		t.Errorf("with another order in the group of W: %+v, %v", got, err)
	}
}

func TestLintRefusesBadDictionaries(t *testing.T) {
	part := func(old, new string) string {
		return strings.Replace(string(spec.Dictionary()), old, new, 1)
	}
	for want, src := range map[string]string{
		"is no XML":                    "nonsense",
		"unexpected EOF":               string(spec.Dictionary()[:9000]),
		"its root is <html>":           "<html></html>",
		"type attribute must be FIX":   "<fix></fix>",
		"major attribute":              "<fix type='FIX' major='four' minor='4'></fix>",
		"for FIX.4.2, and the gateway": part("minor='4'", "minor='2'"),
		"for FIXT.4.4":                 part("type='FIX'", "type='FIXT'"),
		"no header":                    "<fix type='FIX' major='4' minor='4'></fix>",
		"part of itself":               part("<component name='Instrument'>", "<component name='Instrument'><component name='Instrument' required='N'/>"),
		"larger than 16 MiB":           strings.Repeat(" ", DictionaryMax+1),
		"unknown component":            part("<component name='Instrument'>", "<component name='Gone'>"),
	} {
		if got, err := Lint([]byte(src), "STRICT44"); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
			t.Errorf("want %q: %v, %+v", want, err, got)
		}
	}
	if _, err := Lint(spec.Dictionary(), "FIX50"); err == nil || !strings.Contains(err.Error(), `no dialect "FIX50"`) {
		t.Errorf("unknown dialect: %v", err)
	}
}
