package config

import (
	"strings"
	"testing"
)

// TestHash: what is printed matches its password alone, and no two are alike.
func TestHash(t *testing.T) {
	const password = "correct horse"
	text := NewHash(password)
	h, err := parseHash(text)
	if err != nil {
		t.Fatal(err)
	}
	if !h.Matches(password) || h.Matches("correct hors") || h.Matches("") {
		t.Error("the hash matches another password, or not its own")
	}
	if NewHash(password) == text || strings.Contains(text, "horse") || !strings.HasPrefix(text, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %q", text)
	}
}

// TestHashOfOthers: the test vector of the reference implementation.
func TestHashOfOthers(t *testing.T) {
	h, err := parseHash("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	if err != nil || !h.Matches("password") {
		t.Errorf("%v, or it does not match", err)
	}
}

// TestBadHashes are refused, and never repeated in the error.
func TestBadHashes(t *testing.T) {
	good := "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if _, err := parseHash(good); err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{"argon2id", "argon2i"}, {"v=19", "v=16"}, {"m=64", "m=7"}, {"m=64", "m=-64"}, {"m=64", "m=4294967296"}, {"m=64", "m=262145"},
		{"m=64,t=1", "m=262144,t=5"}, {"t=1", "t=0"}, {"t=1", "t=4294967295"}, {"p=1", "p=0"}, {"p=1", "p=9"}, {"m=64,t=1,p=1", "t=1,m=64,p=1"},
		{",p=1", ""}, {"c2FsdHNhbHQ", "c2FsdA"}, {"c2FsdHNhbHQ", "c2FsdHNhbHQ="}, {"$c2FsdHNhbHQ", ""}, {"CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "CTFh"},
		{"PPc", "PPd"}, {"$argon2id", "argon2id"}, {"PPc", "PPc$"}, {good, ""}, {good, "hunter2"},
	} {
		text := strings.Replace(good, edit[0], edit[1], 1)
		_, err := parseHash(text)
		if err == nil {
			t.Errorf("%s is accepted", text)
		} else if text != "" && (strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "CTFh")) {
			t.Errorf("%s is repeated: %v", text, err)
		}
	}
}

// FuzzHash: no text makes it panic or cost more than allowed.
func FuzzHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHash(text)
		if err == nil && (h.memory > hashMemoryMax || uint64(h.memory)*uint64(h.time) > hashWorkMax) {
			t.Errorf("%q costs %d KiB, %d times", text, h.memory, h.time)
		}
	})
}
