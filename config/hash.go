package config

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What a new hash costs: 19 MiB and two passes, which is what OWASP advises at
// least; a logon then takes some 30 ms of one processor.
const (
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2
	hashThreads = 1
	hashSalt    = 16 // bytes
	hashSum     = 32
)

// Bounds of a hash that was made elsewhere: what one logon may cost.
const (
	hashMemoryMax  = 256 << 10 // KiB
	hashWorkMax    = 1 << 20   // KiB times passes: about a second
	hashThreadsMax = 8
	hashTextMax    = 512 // characters
)

// hashStart is how a hash begins, wherever it stands.
const hashStart = "$argon2id$"

// Hash is a password that cannot be read back, as a PHC string says it:
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
type Hash struct {
	memory, time uint32
	threads      uint8
	salt, sum    []byte
}

// NewHash hashes a password under a new salt and returns the PHC string.
func NewHash(password string) string {
	h := Hash{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, hashSalt), sum: make([]byte, hashSum)}
	_, _ = rand.Read(h.salt) // It never fails: the process would end instead.
	h.sum = h.of(password)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d$%s$%s", hashStart, argon2.Version, h.memory, h.time, h.threads,
		b64.EncodeToString(h.salt), b64.EncodeToString(h.sum))
}

// Matches tells whether this is the password, without telling by its duration
// how much of it was right.
func (h *Hash) Matches(password string) bool {
	return subtle.ConstantTimeCompare(h.of(password), h.sum) == 1
}

func (h *Hash) of(password string) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(len(h.sum)))
}

// parseHash reads a PHC string. The error never holds a part of it.
func parseHash(text string) (*Hash, error) {
	parts := strings.Split(text, "$")
	if len(text) > hashTextMax || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return nil, errors.New("the hash is not of the form $argon2id$v=19$m=…,t=…,p=…$salt$hash")
	}
	if parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return nil, fmt.Errorf("the hash is not of version %d", argon2.Version)
	}
	cost := strings.Split(parts[3], ",")
	if len(cost) != 3 {
		return nil, errors.New("the hash does not say m, t and p")
	}
	var n [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		digits, named := strings.CutPrefix(cost[i], name)
		v, err := strconv.ParseUint(digits, 10, 32)
		if !named || err != nil {
			return nil, errors.New("the hash does not say m, t and p")
		}
		n[i] = v
	}
	memory, passes, threads := n[0], n[1], n[2]
	if threads < 1 || threads > hashThreadsMax || memory < 8*threads || memory > hashMemoryMax || passes < 1 || passes*memory > hashWorkMax {
		return nil, fmt.Errorf("the hash costs too much or nothing: m is 8 times p to %d, t times m at most %d, p 1 to %d",
			hashMemoryMax, hashWorkMax, hashThreadsMax)
	}
	h := &Hash{memory: uint32(memory), time: uint32(passes), threads: uint8(threads)}
	var errSalt, errSum error
	h.salt, errSalt = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.sum, errSum = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if errSalt != nil || errSum != nil || len(h.salt) < 8 || len(h.sum) < 16 || len(h.sum) > 64 {
		return nil, errors.New("the salt or the hash is not base64 of at least 8 and 16 bytes")
	}
	return h, nil
}
