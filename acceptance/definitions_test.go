package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// needEcho are the definitions that expect an application which sends every
// order back unchanged; a market maker answers orders instead. All others are
// about the session alone and must hold.
var needEcho = []string{
	"14e_IncorrectEnumValue", "15_HeaderAndBodyFieldsOrderedDifferently", "19a_PossResendMessageThatHAsAlreadyBeenSent",
	"19b_PossResendMessageThatHasNotBeenSent", "20_SimultaneousResendRequest", "21_RepeatingGroupSpecifierWithValueOfZero",
	"2d_GarbledMessage", "2f_PossDupOrigSendingTimeTooHigh", "2g_PossDupNoOrigSendingTime", "2m_BodyLengthValueNotCorrect",
	"3b_InvalidChecksum", "3c_GarbledMessage", "8_AdminAndApplicationMessages", "8_OnlyApplicationMessages",
}

// sessionDefinitions is how many definitions of FIX 4.4 need no echo.
const sessionDefinitions = 45

const isldConfig = `
[server]
data_dir = "data"
dashboard = ""
[fix]
listen = "127.0.0.1:0"
comp_id = "ISLD"
[[market]]
symbol = "BTC-PERP"
tick = "0.5"
lot = "0.001"
max_order = "25"
[[account]]
name = "TW"
[[session]]
comp_id = "TW"
auth = "none"
reset_on_logon = true
accounts = ["TW"]
[[feed]]
kind = "synthetic"
symbols = ["BTC-PERP"]
start = { "BTC-PERP" = "60000" }
`

// TestSessionDefinitions plays the QuickFIX acceptance definitions of FIX 4.4,
// from the module cache, against the gateway: every line must hold.
func TestSessionDefinitions(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 47 s, most of it waiting for heartbeats as the definitions ask")
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/quickfixgo/quickfix").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "_test/definitions/server/fix44/*.def"))
	if err != nil {
		t.Fatal(err)
	}
	g := startWith(t, isldConfig)
	played := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".def")
		if slices.Contains(needEcho, name) {
			continue
		}
		played++
		t.Run(name, func(t *testing.T) {
			if err := RunDefinition(file, g.FIX); err != nil {
				t.Error(err)
			}
		})
	}
	if played != sessionDefinitions {
		t.Errorf("%d definitions played, want %d", played, sessionDefinitions)
	}
}

// startWith runs the gateway with a configuration in a directory of its own and
// ends it with the test.
func startWith(t testing.TB, config string, args ...string) *Gateway {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "gateway.toml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return startGateway(t, append([]string{"run", "--config", file}, args...)...)
}

// startGateway runs the gateway and ends it with the test, which fails if the
// gateway does not end well. Its log is shown if the test fails.
func startGateway(t testing.TB, args ...string) *Gateway {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "gateway-*.log")
	if err != nil {
		t.Fatal(err)
	}
	g, err := Start(t.Context(), log, args...)
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("%v\n%s", err, text)
	}
	t.Cleanup(func() {
		if !g.Ended() {
			if code, err := g.Stop(); err != nil || code != 0 {
				t.Errorf("gateway ended with %d, %v", code, err)
			}
		}
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("gateway said:\n%s", last(string(text), 4000))
		}
		log.Close()
	})
	return g
}

func last(s string, n int) string {
	if len(s) > n {
		return s[len(s)-n:]
	}
	return s
}
