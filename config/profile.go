package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/pelletier/go-toml/v2"
)

// Profile is how the bundled client logs on: a file beside the password, so
// that neither stands on a command line.
type Profile struct {
	Fix      string `toml:"fix" need:"yes"`
	CompID   string `toml:"comp_id" need:"yes"`
	Target   string `toml:"target" need:"yes"`
	Username string `toml:"username"`
	Account  string `toml:"account"`
	Dialect  string `toml:"dialect"` // STRICT44 or VAMM1
	// BeginString is the version of the session; without it FIX.4.4.
	BeginString string `toml:"begin_string" oneof:"FIX.4.4|FIX.4.2|FIXT.1.1"`
	// Secret may be left out where the certificate is enough.
	Secret string `toml:"secret"`
	// TLS connects over TLS, as do the three files.
	TLS     bool   `toml:"tls"`
	TLSCA   string `toml:"tls_ca"`
	TLSCert string `toml:"tls_cert"`
	TLSKey  string `toml:"tls_key"`

	Password string
}

// LoadProfile reads a profile and the secret that it points at.
func LoadProfile(path string) (*Profile, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the profile: %w", err)
	}
	if len(src) > fileMax {
		return nil, fmt.Errorf("reading the profile: %s is larger than %d bytes", path, fileMax)
	}
	p, faults := parseProfile(path, src)
	if len(faults.List) > 0 {
		faults.order()
		return nil, faults
	}
	dir := filepath.Dir(path)
	p.TLSCA, p.TLSCert, p.TLSKey = under(dir, p.TLSCA), under(dir, p.TLSCert), under(dir, p.TLSKey)
	if p.Secret == "" {
		return p, nil
	}
	p.Password, err = readSecret(p.Secret, dir, os.LookupEnv)
	if err != nil {
		spots := &decoder{src: src, spots: locate(src)}
		spots.fault("secret", Problem{What: err.Error(), Hint: hintOf(err), Allowed: profileForms})
		faults.List = spots.list
		return nil, faults
	}
	return p, nil
}

func parseProfile(name string, src []byte) (*Profile, *Problems) {
	faults := &Problems{File: name, Source: src}
	var tree map[string]any
	if err := toml.Unmarshal(src, &tree); err != nil {
		faults.List = []Problem{syntaxProblem(err, src)}
		return nil, faults
	}
	d := &decoder{src: src, spots: locate(src)}
	p := &Profile{}
	d.table("", tree, reflect.ValueOf(p).Elem())
	if err := CheckAddr(p.Fix); p.Fix != "" && err != nil {
		d.fault("fix", Problem{What: "fix " + err.Error(), Allowed: "HOST:PORT"})
	}
	if p.Secret == "" && p.TLSCert == "" {
		d.faultKey("", Problem{What: "the profile has neither a secret nor a tls_cert", Allowed: profileForms})
	}
	faults.List = d.list
	return p, faults
}
