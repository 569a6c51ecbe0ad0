package config

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// What the secret of a session with auth "signature" may look like. A public key
// is no secret: it may stand in the file.
const (
	signingForms = "ed25519:BASE64 (a public key), env:NAME, file:PATH, plain:TEXT (demo on loopback only)"
	signingHint  = "the variable or the file holds hmac-sha256:BASE64 or ed25519:BASE64"
)

// Bounds of a secret that both sides sign with.
const (
	hmacKeyMin = sha256.Size
	hmacKeyMax = 256
)

// SigningKey is what the signatures of a session are checked with: one of the two.
type SigningKey struct {
	Secret []byte // of both sides, for HMAC-SHA256
	Public []byte // of the client, for Ed25519
}

// parseSigningKey reads hmac-sha256:BASE64 or ed25519:BASE64. The error never
// holds a part of it.
func parseSigningKey(text string) (*SigningKey, error) {
	kind, rest, _ := strings.Cut(text, ":")
	key, bad := base64.StdEncoding.Strict().DecodeString(rest)
	switch {
	case kind != "hmac-sha256" && kind != "ed25519":
		return nil, &secretError{"the key has no known kind", "hmac-sha256:BASE64 or ed25519:BASE64"}
	case bad != nil:
		return nil, &secretError{"the key is not base64 (with + / and =)", signingHint}
	case kind == "ed25519" && len(key) != ed25519.PublicKeySize:
		return nil, &secretError{"a public key of Ed25519 has 32 bytes", "docs/operate.md shows how to make one"}
	case kind == "hmac-sha256" && (len(key) < hmacKeyMin || len(key) > hmacKeyMax):
		return nil, &secretError{"a key of HMAC-SHA256 has 32 to 256 random bytes", "openssl rand -base64 32"}
	case kind == "ed25519":
		return &SigningKey{Public: key}, nil
	}
	return &SigningKey{Secret: key}, nil
}

// readSigningKey reads the key of a session.
func readSigningKey(secret, dir string, lookup func(string) (string, bool)) (*SigningKey, error) {
	if !strings.HasPrefix(secret, "ed25519:") {
		text, err := readSecret(secret, dir, lookup)
		if err != nil {
			return nil, err
		}
		secret = text
	}
	return parseSigningKey(secret)
}
