package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSigningKeys: what Load makes of each kind of key, and of those that are none.
// No part of a key is in an error.
func TestSigningKeys(t *testing.T) {
	const (
		public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
		shared = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	)
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("shared", "hmac-sha256:"+shared+"\n", 0o600)
	write("public", "ed25519:"+public+"\n", 0o600)
	write("open", "hmac-sha256:"+shared+"\n", 0o644)
	write("short", "hmac-sha256:AAECAwQFBgc=\n", 0o600)
	write("password", "AAECAwQFBgc\n", 0o600)
	write("raw", "hmac-sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", 0o600)
	t.Setenv("SIGNING", "hmac-sha256:"+shared)
	for _, c := range []struct {
		secret, fault string
		ed            bool
	}{
		{"file:shared", "", false}, {"env:SIGNING", "", false}, {"file:public", "", true}, {"ed25519:" + public, "", true},
		{"plain:hmac-sha256:" + shared, "", false},
		{"file:open", "mode 0644: others may read it", false},
		{"file:short", "32 to 256 random bytes", false},
		{"file:password", "the key has no known kind", false},
		{"file:raw", "the key is not base64", false},
		{"env:NOT_SET", "is empty or not set", false},
	} {
		src := strings.Replace(read(t, "testdata/base.toml"), `"env:ACME_PASSWORD"`, `"`+c.secret+"\"\nauth = \"signature\"", 1)
		write("gateway.toml", src, 0o644)
		got, err := Load(filepath.Join(dir, "gateway.toml"))
		switch {
		case c.fault != "":
			if err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "AAECAwQFBgc") {
				t.Errorf("%s: %v; want a fault with %q", c.secret, err, c.fault)
			}
		case err != nil:
			t.Errorf("%s: %v", c.secret, err)
		default:
			k := got.Sessions[0].Key
			if c.ed != (len(k.Public) == 32) || c.ed == (len(k.Secret) == 32) || len(k.Secret) > 0 && !bytes.HasPrefix(k.Secret, []byte{0, 1, 2}) {
				t.Errorf("%s: key %+v", c.secret, k)
			}
			if strings.Contains(got.Show(), shared) {
				t.Errorf("%s: the key is printed", c.secret)
			}
		}
	}
}
