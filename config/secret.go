package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// secretMax is the longest secret that is read.
const secretMax = 1024

// secretForms is what a secret may look like.
const secretForms = "env:NAME, file:PATH, plain:TEXT (demo on loopback only)"

// secret checks what can be known without reading the secret.
func (k *checker) secret(path string, s *Session) {
	at := path + ".secret"
	if k.atFault(at) || k.atFault(path+".auth") {
		return
	}
	local := IsLoopback(k.c.Fix.Listen)
	if s.Auth == "none" {
		if !local {
			k.fault(path+".auth", Problem{What: `auth "none" is for loopback only`, Allowed: "password"})
		}
		if s.Secret != "" {
			k.fault(at, Problem{What: `a session with auth "none" has no secret`, Hint: "remove the key"})
		}
		return
	}
	if s.Secret == "" {
		k.faultKey(path, Problem{What: fmt.Sprintf("session %q has no secret", s.CompID), Allowed: secretForms})
		return
	}
	kind, rest, _ := strings.Cut(s.Secret, ":")
	switch {
	case (kind != "env" && kind != "file" && kind != "plain") || rest == "":
		k.fault(at, Problem{What: "the secret has no known form", Allowed: secretForms, Hint: "never write a real password into this file"})
	case kind == "plain" && !local:
		k.fault(at, Problem{What: "a plain secret is for a demo on loopback only", Allowed: "env:NAME, file:PATH"})
	case kind == "plain":
		line, col, length := k.spots.find(at).value.at(k.src)
		k.c.Warnings = append(k.c.Warnings, Problem{
			Line: line, Col: col, Length: length,
			What: fmt.Sprintf("the secret of %s stands in the file itself", s.CompID),
			Hint: "fine for a demo; use env:NAME or file:PATH for anything else",
		})
	}
}

// resolveFiles reads the secrets, looks for the files that the configuration
// names and makes relative paths count from dir.
func (c *Config) resolveFiles(faults *Problems, dir string, lookup func(string) (string, bool)) {
	k := &checker{decoder: &decoder{src: c.src, spots: c.spots, list: faults.List}, c: c}
	for i := range c.Sessions {
		path := fmt.Sprintf("session[%d].secret", i)
		if k.atFault(path) || c.Sessions[i].Auth != "password" || c.Sessions[i].Secret == "" {
			continue
		}
		password, err := readSecret(c.Sessions[i].Secret, dir, lookup)
		if err != nil {
			k.fault(path, Problem{What: err.Error(), Hint: hintOf(err)})
		}
		c.Sessions[i].Password = password
	}
	for i := range c.Feeds {
		f := &c.Feeds[i]
		path := fmt.Sprintf("feed[%d].path", i)
		if f.Kind != "file" || f.Path == "" || k.atFault(path) {
			continue
		}
		f.Path = under(dir, f.Path)
		if info, err := os.Stat(f.Path); err != nil || info.IsDir() {
			k.fault(path, Problem{What: fmt.Sprintf("the feed's file %s cannot be read", f.Path), Hint: "a relative path counts from the directory of this file"})
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
	f, err := os.Open(path)
	if err != nil {
		return "", &secretError{fmt.Sprintf("the secret's file %s cannot be read", path), "create it with the password as its only line and mode 0600"}
	}
	defer f.Close() //nolint:errcheck // only read from
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return "", &secretError{fmt.Sprintf("the secret's file %s is not a plain file", path), "create it with the password as its only line and mode 0600"}
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", &secretError{fmt.Sprintf("the secret's file %s has mode %04o: others may read it", path, mode), "chmod 600 " + path}
	}
	b, err := io.ReadAll(io.LimitReader(f, secretMax+1))
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" || len(b) > secretMax || strings.ContainsAny(text, "\r\n\x01") {
		return "", &secretError{fmt.Sprintf("the secret's file %s does not hold one line of 1 to %d characters", path, secretMax), "write the password as its only line"}
	}
	return text, nil
}
