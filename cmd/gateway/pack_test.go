package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"backstop/config"
)

// packConfig has a session of every kind that a pack may be about.
const packConfig = `[server]
data_dir = "data"
[fix]
listen = "127.0.0.1:9878"
comp_id = "BACKSTOP"
[[market]]
symbol = "BTC-PERP"
tick = "0.5"
lot = "0.001"
max_order = "25"
[[account]]
name = "A"
deposit = "1000"
[[session]]
comp_id = "ACME"
username = "acme-trader"
secret = "plain:correct-horse-battery"
accounts = ["A"]
allow_reset = false
cancel_grace = "5s"
[[session]]
comp_id = "HASHED"
our_comp_id = "DESK2"
secret = "argon2id:$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
accounts = ["A"]
heartbeat_max = "10s"
reset_on_logon = true
[[feed]]
kind = "synthetic"
symbols = ["BTC-PERP"]
start = { "BTC-PERP" = "60000" }
`

// pack runs session pack in a folder with packConfig.
func pack(t *testing.T, dir string, args ...string) (out []byte, talk string, code int) {
	t.Helper()
	file := filepath.Join(dir, "gateway.toml")
	if err := os.WriteFile(file, []byte(packConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	env := &config.Env{Stdout: &stdout, Stderr: &stderr, Lookup: func(string) (string, bool) { return "", false }}
	code = config.Main(context.Background(), commandTable(), env, append([]string{"session", "pack", "--config", file}, args...))
	return stdout.Bytes(), stderr.String(), code
}

// unzip reads a pack.
func unzip(t *testing.T, src []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(src), int64(len(src)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range r.File {
		part, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(text)
	}
	return all
}

func TestPackHasWhatItTakes(t *testing.T) {
	out, talk, code := pack(t, t.TempDir(), "ACME")
	again, _, _ := pack(t, t.TempDir(), "ACME")
	if code != config.ExitOK || !bytes.Equal(out, again) {
		t.Fatalf("exit %d, %s; the same bytes: %v", code, talk, bytes.Equal(out, again))
	}
	files := unzip(t, out)
	for name, want := range map[string]string{
		"README.md":        "Username (553) acme-trader and Password (554), which you got apart",
		"ROE.md":           "# Rules of engagement",
		"FIX44.xml":        "<fix type='FIX' major='4' minor='4'",
		"orchestra.xml":    "<fixr:repository",
		"acme.toml":        `secret   = "env:GATEWAY_PASSWORD"`,
		"quickfixj.cfg":    "NonStopSession=Y\nResetOnLogon=N\n",
		"quickfixn.cfg":    "SocketConnectPort=9878\nHeartBtInt=30\n",
		"quickfixgo.cfg":   "SenderCompID=ACME\nTargetCompID=BACKSTOP\n",
		"quickfix-cpp.cfg": "ask the desk for allow_reset",
	} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s has no %q:\n%s", name, want, files[name])
		}
		if sum := fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(files[name])), name); !strings.Contains(files["SHA256SUMS"], sum) {
			t.Errorf("SHA256SUMS has no line %q", sum)
		}
	}
	if !strings.Contains(files["README.md"], "end 5s after the session") || !strings.Contains(files["README.md"], "ResetSeqNumFlag (141) is refused") {
		t.Errorf("README.md: %s", files["README.md"])
	}
	if len(files) != 10 {
		t.Errorf("%d files", len(files))
	}
	noSecret(t, files)

	out, _, _ = pack(t, t.TempDir(), "HASHED", "--dialect", "VAMM1", "--connect", "[2001:db8::1]:4000")
	files = unzip(t, out)
	for name, want := range map[string]string{
		"quickfixgo.cfg":   "SocketConnectHost=2001:db8::1\nSocketConnectPort=4000\nHeartBtInt=10\n",
		"quickfix-cpp.cfg": "ResetOnLogon=Y\n",
		"quickfixn.cfg":    "DataDictionary=FIX44-VAMM1.xml\n",
		"quickfixj.cfg":    "TargetCompID=DESK2\n",
		"FIX44-VAMM1.xml":  "EventTimeNs",
		"hashed.toml":      `fix      = "[2001:db8::1]:4000"`,
		"README.md":        "22000=VAMM1 to the Logon",
		"orchestra.xml":    "EventTimeNs",
	} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s has no %q:\n%.2000s", name, want, files[name])
		}
	}
	noSecret(t, files)
}

func noSecret(t *testing.T, files map[string]string) {
	t.Helper()
	for name, text := range files {
		for _, secret := range []string{"correct-horse", "argon2id", "PRIVATE KEY", "aGFzaGhhc2"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %q", name, secret)
			}
		}
	}
}

// TestPackFilesAreReadable: the profile is one that the bundled client takes.
func TestPackFilesAreReadable(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "acme")
	if _, talk, code := pack(t, dir, "ACME", "--out", folder); code != config.ExitOK || !strings.Contains(talk, "10 files") {
		t.Fatalf("exit %d, %s", code, talk)
	}
	t.Setenv("GATEWAY_PASSWORD", "p")
	p, err := config.LoadProfile(filepath.Join(folder, "acme.toml"))
	if err != nil || p.CompID != "ACME" || p.Fix != "127.0.0.1:9878" || p.Username != "acme-trader" || p.Account != "A" || p.Dialect != "STRICT44" || p.Password != "p" {
		t.Errorf("%+v, %v", p, err)
	}
	one, _, _ := pack(t, dir, "ACME")
	if _, talk, code := pack(t, dir, "ACME", "--out", filepath.Join(dir, "acme.zip")); code != config.ExitOK {
		t.Errorf("exit %d, %s", code, talk)
	}
	if two, err := os.ReadFile(filepath.Join(dir, "acme.zip")); err != nil || !bytes.Equal(one, two) {
		t.Errorf("the file is not what standard output had: %v", err)
	}
}

func TestPackRefuses(t *testing.T) {
	dir := t.TempDir()
	key := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x")})
	for name, text := range map[string][]byte{"key.pem": key, "empty.pem": nil, "ca.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"NOBODY"}, config.ExitNotFound, `has no session "NOBODY"`},
		{nil, config.ExitUsage, ""},
		{[]string{"ACME", "--dialect", "FIX50"}, config.ExitUsage, "no dialect"},
		{[]string{"ACME", "--connect", "0.0.0.0:9878"}, config.ExitUsage, "no address that a client can dial"},
		{[]string{"ACME", "--connect", "desk:0"}, config.ExitUsage, "no address that a client can dial"},
		{[]string{"ACME", "--connect", "desk"}, config.ExitUsage, "missing port"},
		{[]string{"ACME", "--connect", "desk:fix"}, config.ExitUsage, `"fix" is no port`},
		{[]string{"ACME", "--connect", "desk:1", "--ports-file", "p.json"}, config.ExitUsage, "leave one out"},
		{[]string{"ACME", "--ports-file", filepath.Join(dir, "none.json")}, config.ExitUnreachable, "none.json"},
		{[]string{"ACME", "--ca", filepath.Join(dir, "none.pem")}, config.ExitUsage, "none.pem"},
		{[]string{"ACME", "--ca", dir}, config.ExitUsage, "is not a file"},
		{[]string{"ACME", "--ca", filepath.Join(dir, "key.pem")}, config.ExitUsage, "it holds a EC PRIVATE KEY"},
		{[]string{"ACME", "--ca", filepath.Join(dir, "empty.pem")}, config.ExitUsage, "no certificate"},
		{[]string{"ACME", "--ca", filepath.Join(dir, "ca.pem")}, config.ExitUsage, "has no TLS"},
		{[]string{"ACME", "--out", dir}, config.ExitRefused, "exists and is left as it is"},
		{[]string{"ACME", "--out", filepath.Join(dir, "key.pem", "x")}, config.ExitFailure, "writing"},
		{[]string{"ACME", "--config", filepath.Join(dir, "none.toml")}, config.ExitConfig, "none.toml"},
	} {
		if out, talk, code := pack(t, dir, c.args...); code != c.code || !strings.Contains(talk, c.want) || len(out) > 0 {
			t.Errorf("%v: exit %d, %d bytes, %s", c.args, code, len(out), talk)
		}
	}
}
