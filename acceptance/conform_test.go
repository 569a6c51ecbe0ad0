package acceptance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"backstop/certify"
)

const conformConfig = `
[server]
data_dir = "data"
dashboard = ""
[fix]
listen = "127.0.0.1:0"
comp_id = "BACKSTOP"
[[market]]
symbol = "BTC-PERP"
tick = "0.5"
lot = "0.001"
max_order = "25"
[[account]]
name = "TRY"
deposit = "1000000"
[[session]]
comp_id = "TRY"
secret = "plain:conform-1"
allow_reset = true
accounts = ["TRY"]
[[feed]]
kind = "synthetic"
symbols = ["BTC-PERP"]
start = { "BTC-PERP" = "60000" }
`

// TestConform: the gateway passes every suite that it brings along, and the
// outcomes are the same in all forms.
func TestConform(t *testing.T) {
	g := startWith(t, conformConfig)
	t.Setenv("GATEWAY_PASSWORD", "conform-1")
	for _, suite := range []string{certify.SuiteSession, certify.SuiteMalformed} {
		if suite == certify.SuiteMalformed && testing.Short() {
			continue // Takes 14 s, part of it waiting for what must end by itself.
		}
		junit := filepath.Join(t.TempDir(), suite+".xml")
		out, talk, code, err := Run(t.Context(), "conform", "--against", g.FIX, "--sender", "TRY", "--suite", suite, "--junit", junit, "--json")
		if err != nil || code != 0 {
			t.Errorf("%s ended with %d, %v\n%s%s", suite, code, err, out, talk)
			continue
		}
		var r certify.Results
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if !r.OK() || r.Passed < 40 {
			t.Errorf("%s: %s", suite, r.Summary())
		}
		text, err := os.ReadFile(junit)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "<testcase "); n != r.Passed || strings.Contains(string(text), "<failure") {
			t.Errorf("%s: JUnit has %d cases, JSON %d", suite, n, r.Passed)
		}
	}
	out, talk, code, err := Run(t.Context(), "conform", "--against", g.FIX, "--sender", "STRANGER", "--timeout", "1s")
	if err != nil || code != 8 || out != "" || !strings.Contains(talk, "is not let in") {
		t.Errorf("a stranger: exit %d, %v, %s%s", code, err, out, talk)
	}
	if _, _, code, err := Run(t.Context(), "conform", "--against", "127.0.0.1:1"); err != nil || code != 5 {
		t.Errorf("nobody there: exit %d, %v", code, err)
	}
}

// TestCertMarkets: what each certification market is said to do, it does.
func TestCertMarkets(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 20 s: CERT-STALE says nothing for 10 s at a time")
	}
	t.Parallel() // It waits most of the time.
	g := startGateway(t, "demo", "--cert", "--fix", "127.0.0.1:0", "--http", "127.0.0.1:0")
	markets, err := certify.LoadSuite(certify.SuiteMarkets, 0, certify.Target{})
	if err != nil {
		t.Fatal(err)
	}
	// Those whose price takes its time are played by clients of their own meanwhile.
	slow := map[string]string{"cert_liq": "DEMO2", "cert_halt": "DEMO3", "cert_stale": "DEMO4"}
	for _, c := range markets.Cases {
		sender, aside := slow[c.Name]
		if !aside {
			sender = "DEMO1"
		}
		t.Run(c.Name, func(t *testing.T) {
			if aside {
				t.Parallel()
			}
			playMarket(t, g.FIX, c.Name, sender)
		})
	}
}

func playMarket(t *testing.T, addr, name, sender string) {
	t.Helper()
	tries := 1
	if name == "cert_llrej" || name == "cert_jump" {
		tries = 5 // Its orders have to come before the next price does.
	}
	for try := range tries {
		out, talk, code, err := Run(t.Context(), "conform", "--against", addr, "--sender", sender, "--suite", certify.SuiteMarkets, "--only", name)
		if err != nil || code != 0 && try == tries-1 {
			t.Errorf("%s ended with %d, %v\n%s%s", name, code, err, out, talk)
		}
		if code == 0 {
			break
		}
	}
}

// goDeviations are where the stock Go library, with its dictionary and its memory
// store, is known to leave the rules.
var goDeviations = map[string][]string{
	certify.SuiteSession: {
		"33_bad_checksum_is_ignored",
		"40_negative_heartbeat_is_refused",
	},
	certify.SuiteMalformed: {
		"02_length_overflows_after_logon", // panics
		"06_number_is_empty",              // panics
		"08_number_wraps_to_two",
		"10_xml_length_is_wrong",                // panics
		"11_xml_length_is_empty",                // panics
		"12_resend_from_minus_nine_quintillion", // spins for ever
		"17_sum_is_no_number",
		"18_sum_is_wrong",
		"19_heartbeat_of_thirty_years",
		"20_silence_before_logon",
		"34_flood_before_logon",
		"35_quantity_is_negative",
		"36_quantity_is_minus_zero",
		"37_quantity_ends_with_a_point",
		"39_id_of_ten_thousand_characters",
	},
}

// cppDeviations are those of the C++ engine.
var cppDeviations = map[string][]string{
	certify.SuiteSession: {
		"40_negative_heartbeat_is_refused",
	},
	certify.SuiteMalformed: {
		"08_number_wraps_to_two",
		"12_resend_from_minus_nine_quintillion", // leaves a hole in its numbers
		"13_resend_from_zero",                   // the same
		"19_heartbeat_of_thirty_years",
		"20_silence_before_logon",
		"34_flood_before_logon",
		"35_quantity_is_negative",
		"36_quantity_is_minus_zero",
		"37_quantity_ends_with_a_point",
		"38_quantity_has_five_thousand_digits",
		"39_id_of_ten_thousand_characters",
	},
}

// TestConformFindsDeviations: against stock acceptors the suites find what is known
// of them, and nothing else.
func TestConformFindsDeviations(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute, most of it waiting for what a stock acceptor does not do")
	}
	t.Run("Go", func(t *testing.T) {
		t.Parallel()
		findDeviations(t, "FIX.4.4", goDeviations, 3*time.Second, goStock("FIX.4.4"))
	})
	t.Run("Go, other versions", func(t *testing.T) {
		t.Parallel()
		for _, begin := range []string{"FIX.4.2", "FIXT.1.1"} {
			session := map[string][]string{certify.SuiteSession: goDeviations[certify.SuiteSession]}
			findDeviations(t, begin, session, 3*time.Second, goStock(begin))
		}
	})
	t.Run("C++", func(t *testing.T) {
		t.Parallel()
		binary := cppBinary(t, "executor")
		if binary == "" {
			t.Skip("without the C++ acceptor: libquickfix-dev is not installed")
		}
		// It refuses a second logon after 5 s.
		findDeviations(t, "FIX.4.4", cppDeviations, 8*time.Second, func(t *testing.T) *stock { return cppStock(t, binary) })
	})
}

func findDeviations(t *testing.T, begin string, known map[string][]string, wait time.Duration, start func(*testing.T) *stock) {
	t.Helper()
	for suite, want := range known {
		peer := start(t)
		to := certify.Target{BeginString: begin, DefaultApplVerID: "9", Sender: "TRY", Target: "STOCK", Wait: wait}
		s, err := certify.LoadSuite(suite, 1, to)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, c := range s.Cases {
			to.Addr = peer.addr
			r, err := certify.Run(t.Context(), certify.Suite{Name: suite, Cases: []*certify.Case{c}}, to, func(certify.Outcome) {})
			if err != nil {
				t.Fatal(err)
			}
			if !r.OK() {
				found = append(found, c.Name)
				t.Log(r.Outcomes[0])
				peer.kill() // It may be dead, or spin for ever.
				peer = start(t)
			}
		}
		if !slices.Equal(found, want) {
			t.Errorf("%s of %s finds\n%q, known are\n%q", suite, begin, found, want)
		}
	}
}
