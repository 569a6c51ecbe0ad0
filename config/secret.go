package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// secretMax is the longest secret that is read.
const secretMax = 1024

// What a secret may look like, in the configuration and in a client's profile.
const (
	secretForms  = "env:NAME, file:PATH, argon2id:HASH, plain:TEXT (demo on loopback only)"
	profileForms = "env:NAME, file:PATH, plain:TEXT"
)

const hashHint = "`gateway config hash-password` prints one"

// secret checks what can be known without reading the secret.
func (k *checker) secret(path string, s *Session) {
	at := path + ".secret"
	if k.atFault(at) || k.atFault(path+".auth") {
		return
	}
	forms, kinds := secretForms, []string{"env", "file", "argon2id", "plain"}
	switch s.Auth {
	case "signature":
		forms, kinds = signingForms, []string{"env", "file", "ed25519", "plain"}
	case "password":
	default:
		k.noSecret(path, s)
		return
	}
	if s.Secret == "" {
		k.faultKey(path, Problem{What: fmt.Sprintf("session %q has no secret", s.CompID), Allowed: forms})
		return
	}
	local := IsLoopback(k.c.Fix.Listen)
	kind, rest, _ := strings.Cut(s.Secret, ":")
	switch {
	case !slices.Contains(kinds, kind) || rest == "":
		k.fault(at, Problem{What: "the secret has no known form", Allowed: forms, Hint: "never write a real password into this file"})
	case kind == "ed25519":
		if _, err := parseSigningKey(s.Secret); err != nil {
			k.fault(at, Problem{What: err.Error(), Hint: hintOf(err)})
		}
	case kind == "argon2id":
		if _, err := parseHash(rest); err != nil {
			k.fault(at, Problem{What: err.Error(), Hint: hashHint})
		}
	case kind == "plain" && !local:
		k.fault(at, Problem{What: "a plain secret is for a demo on loopback only", Allowed: strings.TrimSuffix(forms, ", plain:TEXT (demo on loopback only)"), Hint: hashHint})
	case kind == "plain":
		line, col, length := k.spots.find(at).value.at(k.src)
		k.c.Warnings = append(k.c.Warnings, Problem{
			Line: line, Col: col, Length: length,
			What: fmt.Sprintf("the secret of %s stands in the file itself", s.CompID),
			Hint: "fine for a demo; use env:NAME, file:PATH or argon2id:HASH for anything else",
		})
	}
}

// noSecret checks a session that needs no password.
func (k *checker) noSecret(path string, s *Session) {
	switch {
	case s.Auth == "none" && !IsLoopback(k.c.Fix.Listen):
		k.fault(path+".auth", Problem{What: `auth "none" is for loopback only`, Allowed: "password, signature, mtls"})
	case s.Auth == "mtls" && k.c.Fix.TLS.ClientCA == "":
		k.fault(path+".auth", Problem{What: `auth "mtls" needs client_ca in [fix.tls]`, Allowed: "password, signature", Hint: "docs/operate.md shows how to make certificates"})
	}
	if s.Secret != "" {
		k.fault(path+".secret", Problem{What: fmt.Sprintf("a session with auth %q has no secret", s.Auth), Hint: "remove the key"})
	}
}

// spki checks which certificate a session is bound to, and puts it into the
// form that the door compares.
func (k *checker) spki(path string, s *Session) {
	at := path + ".cert_spki"
	if s.CertSPKI == "" || k.atFault(at) {
		return
	}
	digits, named := strings.CutPrefix(s.CertSPKI, "sha256:")
	sum, err := hex.DecodeString(digits)
	switch {
	case !named || err != nil || len(sum) != sha256.Size:
		k.fault(at, Problem{What: "cert_spki is no fingerprint of a key", Allowed: "sha256: and 64 hexadecimal digits", Hint: "docs/operate.md shows the command that prints it"})
	case k.c.Fix.TLS.ClientCA == "":
		k.fault(at, Problem{What: "cert_spki needs client_ca in [fix.tls]: without it no certificate is asked for"})
	default:
		s.CertSPKI = "sha256:" + hex.EncodeToString(sum)
	}
}

// resolveFiles reads the secrets, looks for the files that the configuration
// names and makes relative paths count from dir.
func (c *Config) resolveFiles(faults *Problems, dir string, lookup func(string) (string, bool)) {
	k := &checker{decoder: &decoder{src: c.src, spots: c.spots, list: faults.List}, c: c}
	for i := range c.Sessions {
		path := fmt.Sprintf("session[%d].secret", i)
		s := &c.Sessions[i]
		if k.atFault(path) || s.Auth != "password" && s.Auth != "signature" || s.Secret == "" {
			continue
		}
		var err error
		if s.Auth == "signature" {
			s.Key, err = readSigningKey(s.Secret, dir, lookup)
		} else {
			s.Password, s.Hash, err = readProof(s.Secret, dir, lookup)
		}
		if err != nil {
			k.fault(path, Problem{What: err.Error(), Hint: hintOf(err)})
		}
	}
	if !k.atFault("fix.tls") {
		k.readTLS(dir, time.Now())
	}
	for i := range c.Feeds {
		f := &c.Feeds[i]
		path := fmt.Sprintf("feed[%d].path", i)
		if f.Kind != "file" || f.Path == "" || k.atFault(path) {
			continue
		}
		f.Path = under(dir, f.Path)
		if info, err := os.Stat(f.Path); err != nil || info.IsDir() {
			k.fault(path, Problem{What: fmt.Sprintf("the feed's file %s cannot be read", f.Path), Hint: relativeHint})
		}
	}
	c.Server.DataDir = under(dir, c.Server.DataDir)
	faults.List = k.list
}

// under makes a relative path count from dir.
func under(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// secretError is why a secret could not be read, with what to do about it. Its
// text never holds the secret.
type secretError struct{ what, hint string }

func (e *secretError) Error() string { return e.what }

func hintOf(err error) string {
	var s *secretError
	if errors.As(err, &s) {
		return s.hint
	}
	return ""
}

// readProof reads the password of a session, or the hash that stands in its
// place.
func readProof(secret, dir string, lookup func(string) (string, bool)) (password string, hash *Hash, err error) {
	if text, direct := strings.CutPrefix(secret, "argon2id:"); direct {
		hash, err = parseHash(text)
		return "", hash, err
	}
	password, err = readSecret(secret, dir, lookup)
	if err != nil || strings.HasPrefix(secret, "plain:") || !strings.HasPrefix(password, hashStart) {
		return password, nil, err
	}
	if hash, err = parseHash(password); err != nil {
		return "", nil, &secretError{err.Error(), hashHint}
	}
	return "", hash, nil
}

// readSecret turns env:NAME, file:PATH or plain:TEXT into the secret.
func readSecret(secret, dir string, lookup func(string) (string, bool)) (string, error) {
	kind, rest, _ := strings.Cut(secret, ":")
	switch kind {
	case "plain":
		return rest, nil
	case "env":
		value, _ := lookup(rest)
		if value == "" {
			return "", &secretError{fmt.Sprintf("the variable %s of the environment is empty or not set", rest), "export " + rest + "=… first"}
		}
		return value, nil
	case "file":
		return readSecretFile(under(dir, rest))
	}
	return "", &secretError{"the secret has no known form", "never write a real password into this file"}
}

// readSecretFile reads a secret that nobody but its owner may read.
func readSecretFile(path string) (string, error) {
	b, err := readPrivate("secret", path, secretMax)
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" || strings.ContainsAny(text, "\r\n\x01") {
		return "", &secretError{fmt.Sprintf("the secret's file %s does not hold one line of 1 to %d characters", path, secretMax), "write the password or its hash as its only line"}
	}
	return text, nil
}
