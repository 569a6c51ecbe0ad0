package acceptance

import (
	"fmt"
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

// definedVersions are the versions that sessions speak, the folders of their
// definitions, and how many of those need no echo.
var definedVersions = []struct {
	begin, folder string
	sessions      int
}{{"FIX.4.2", "fix42", 44}, {"FIX.4.4", "fix44", 45}, {"FIXT.1.1", "fix50sp2", 46}}

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
begin_string = "FIX.4.4"
auth = "none"
reset_on_logon = true
accounts = ["TW"]
[[feed]]
kind = "synthetic"
symbols = ["BTC-PERP"]
start = { "BTC-PERP" = "60000" }
`

// TestSessionDefinitions plays the QuickFIX acceptance definitions of each version,
// from the module cache, against the gateway: every line must hold. They mostly
// wait for heartbeats, so each version has a gateway, and each definition that
// takes long one of its own.
func TestSessionDefinitions(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 40 s, most of it waiting for heartbeats as the definitions ask")
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/quickfixgo/quickfix").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range definedVersions {
		files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "_test/definitions/server", v.folder, "*.def"))
		if err != nil {
			t.Fatal(err)
		}
		var quick, slow []string
		for _, file := range files {
			switch name := definitionName(file); {
			case slices.Contains(needEcho, name):
			case name == "4a_NoDataSentDuringHeartBtInt" || name == "6_SendTestRequest":
				slow = append(slow, file)
			default:
				quick = append(quick, file)
			}
		}
		if played := len(quick) + len(slow); played != v.sessions || len(slow) != 2 {
			t.Errorf("%s: %d definitions to be played, %d of them slow; want %d", v.begin, played, len(slow), v.sessions)
		}
		for i, part := range [][]string{quick, slow[:1], slow[1:]} {
			t.Run(fmt.Sprintf("%s/%d", v.folder, i), func(t *testing.T) {
				t.Parallel()
				playAll(t, strings.Replace(isldConfig, "FIX.4.4", v.begin, 1), part)
			})
		}
	}
}

func definitionName(file string) string { return strings.TrimSuffix(filepath.Base(file), ".def") }

func playAll(t *testing.T, config string, files []string) {
	g := startWith(t, config)
	for _, file := range files {
		t.Run(definitionName(file), func(t *testing.T) {
			if err := RunDefinition(file, g.FIX); err != nil {
				t.Error(err)
			}
		})
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
