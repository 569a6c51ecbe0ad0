package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"backstop/perp"
)

// Limits on how much one file may ask for: each market, account and session
// costs memory and a share of the loop.
const (
	marketsMax  = 64
	accountsMax = 10_000
	sessionsMax = 1_000
	feedsMax    = 64
	listMax     = 1_000
	personsMax  = 100
	nameMax     = 32
)

// fill completes what follows from other keys.
func (c *Config) fill() {
	for i := range c.Markets {
		if c.Markets[i].MinOrder == 0 {
			c.Markets[i].MinOrder = c.Markets[i].Lot
		}
	}
	for i := range c.Sessions {
		s := &c.Sessions[i]
		if s.OurCompID == "" {
			s.OurCompID = c.Fix.CompID
		}
		if s.Username == "" {
			s.Username = s.CompID
		}
	}
}

// checker looks at keys together. A key that is already at fault by itself is
// left out, so that one mistake is one problem.
type checker struct {
	*decoder
	c *Config
}

func (k *checker) all() {
	k.count("market", len(k.c.Markets), marketsMax)
	k.count("account", len(k.c.Accounts), accountsMax)
	k.count("session", len(k.c.Sessions), sessionsMax)
	k.count("feed", len(k.c.Feeds), feedsMax)
	k.addresses()
	k.log()
	k.admin()
	k.tls()
	k.markets()
	k.accounts()
	k.sessions()
	k.feeds()
}

func (k *checker) count(key string, n, most int) {
	hint := "`gateway config init` prints a complete file to start from"
	if n == 0 && !k.atFault(key) {
		k.faultKey(key, Problem{What: fmt.Sprintf("there is no [[%s]]", key), Hint: hint})
	}
	if n > most {
		k.faultKey(fmt.Sprintf("%s[%d]", key, most), Problem{What: fmt.Sprintf("too many [[%s]]: %d", key, n), Allowed: fmt.Sprintf("%d", most)})
	}
}

// atFault tells whether a problem was already found at this path.
func (k *checker) atFault(path string) bool {
	s, known := k.spots[path]
	if !known || len(k.list) == 0 { // Where a path stands takes a look at all above it.
		return false
	}
	line, col, _ := s.value.at(k.src)
	keyLine, keyCol, _ := s.key.at(k.src)
	return slices.ContainsFunc(k.list, func(p Problem) bool {
		return (p.Line == line && p.Col == col) || (p.Line == keyLine && p.Col == keyCol)
	})
}

// lineOf is where a path stands, for "already on line".
func (k *checker) lineOf(path string) int {
	line, _, _ := k.spots.find(path).value.at(k.src)
	return line
}

func (k *checker) addresses() {
	k.listen()
	if k.c.Server.Dashboard != "" {
		k.loopback("server.dashboard", k.c.Server.Dashboard,
			"the page asks for no password: keep it on loopback and reach it through a tunnel or proxy")
	}
	k.name("fix.comp_id", k.c.Fix.CompID)
}

// log refuses an alarm that would go off before the write-ahead log may be emptied.
func (k *checker) log() {
	const path = "store.wal_alarm_mb"
	if s := k.c.Store; s.WALAlarm < s.WALTruncate && !k.atFault(path) && !k.atFault("store.wal_truncate_mb") {
		k.faultKey(path, Problem{
			What: fmt.Sprintf("wal_alarm_mb %d is below wal_truncate_mb %d", s.WALAlarm, s.WALTruncate), Allowed: fmt.Sprintf("%d or more", s.WALTruncate),
		})
	}
}

// admin refuses a proposal that could never be approved, and persons who could not
// be told apart, or of whom there is one.
func (k *checker) admin() {
	a := k.c.Admin
	if a.ApproveAfter >= a.ApproveWithin && !k.atFault("admin.approve_after") && !k.atFault("admin.approve_within") {
		k.faultKey("admin.approve_after", Problem{What: fmt.Sprintf("approve_after %s is not before approve_within %s", a.ApproveAfter, a.ApproveWithin)})
	}
	if len(a.Persons) == 1 && a.TwoPerson {
		k.faultKey("admin.person[0]", Problem{What: "one [[admin.person]] cannot approve what the same one proposes", Allowed: "two or more, or none"})
	}
	k.count("admin.person", len(a.Persons)+1, personsMax+1) // There may be none.
	names, tokens := map[string]bool{}, map[string]bool{}
	for i, p := range a.Persons {
		path := fmt.Sprintf("admin.person[%d]", i)
		k.name(path+".name", p.Name)
		digits, named := strings.CutPrefix(p.TokenHash, "sha256:")
		sum, err := hex.DecodeString(digits)
		switch at := path + ".token_hash"; {
		case k.atFault(at) || p.TokenHash == "": // That is a fault already.
		case !named || err != nil || len(sum) != sha256.Size:
			k.fault(at, Problem{What: "token_hash is no hash of a token", Allowed: "sha256: and 64 hexadecimal digits", Hint: "docs/operate.md shows the command that prints it"})
		case names[p.Name] || tokens[string(sum)]:
			k.fault(at, Problem{What: fmt.Sprintf("%q has the name or the token of another person", p.Name)})
		}
		names[p.Name], tokens[string(sum)] = true, true
	}
}

// listen allows the FIX port to be reached from elsewhere over TLS only.
func (k *checker) listen() {
	const path = "fix.listen"
	if k.c.Fix.TLS.Cert == "" {
		k.loopback(path, k.c.Fix.Listen, "name a certificate in [fix.tls]: passwords do not travel in the clear")
		return
	}
	if err := CheckAddr(k.c.Fix.Listen); err != nil && k.c.Fix.Listen != "" && !k.atFault(path) {
		k.fault(path, Problem{What: "listen " + err.Error(), Allowed: "HOST:PORT, such as 0.0.0.0:9878"})
	}
}

// loopback refuses an address that others than this machine could reach.
func (k *checker) loopback(path, addr, hint string) {
	if addr == "" || k.atFault(path) {
		return
	}
	if err := CheckAddr(addr); err != nil {
		k.fault(path, Problem{What: fmt.Sprintf("%s %v", lastKey(path), err), Allowed: "HOST:PORT, such as 127.0.0.1:9878"})
		return
	}
	if !IsLoopback(addr) {
		k.fault(path, Problem{What: fmt.Sprintf("%s %q is not a loopback address", lastKey(path), addr), Allowed: "127.0.0.1:PORT, [::1]:PORT, localhost:PORT", Hint: hint})
	}
}

// CheckAddr refuses a text that is not HOST:PORT.
func CheckAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not an address", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q has no port between 0 and 65535", addr)
	}
	return nil
}

// IsLoopback tells whether only this machine can reach the address. A name
// other than localhost is not: what it stands for may change.
func IsLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// name refuses what would not stand in a FIX field or a metric label.
func (k *checker) name(path, name string) {
	if name == "" || k.atFault(path) {
		return
	}
	bad := strings.ContainsFunc(name, func(r rune) bool {
		letter := (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9')
		return !letter && !strings.ContainsRune("-_.", r)
	})
	if bad || len(name) > nameMax {
		k.fault(path, Problem{
			What:    fmt.Sprintf("%s %q is not a name", lastKey(path), name),
			Allowed: fmt.Sprintf("1 to %d of A-Z a-z 0-9 - _ .", nameMax),
		})
	}
}

// unique refuses a value that stands twice; seen maps values to their paths.
func (k *checker) unique(seen map[string]string, path, value string) {
	if value == "" {
		return
	}
	if first, twice := seen[value]; twice {
		k.fault(path, Problem{What: fmt.Sprintf("%s %q is already on line %d", lastKey(path), value, k.lineOf(first))})
		return
	}
	seen[value] = path
}

func (k *checker) accounts() {
	seen := map[string]string{}
	for i, a := range k.c.Accounts {
		path := fmt.Sprintf("account[%d].name", i)
		k.name(path, a.Name)
		k.unique(seen, path, a.Name)
		if a.Name == perp.Maker || a.Name == perp.Outside {
			k.fault(path, Problem{What: fmt.Sprintf("account %q belongs to the gateway", a.Name), Hint: "choose another name"})
		}
		k.name(fmt.Sprintf("account[%d].firm", i), a.Firm)
		k.positions(fmt.Sprintf("account[%d]", i), &a)
	}
}

func (k *checker) sessions() {
	seen := map[string]string{}
	for i := range k.c.Sessions {
		path := fmt.Sprintf("session[%d]", i)
		s := &k.c.Sessions[i]
		k.name(path+".comp_id", s.CompID)
		k.name(path+".our_comp_id", s.OurCompID)
		k.unique(seen, path+".comp_id", s.CompID)
		if s.CompID != "" && s.CompID == s.OurCompID {
			k.fault(path+".comp_id", Problem{What: fmt.Sprintf("comp_id %q is also ours", s.CompID), Hint: "the two ends of a session need different names"})
		}
		k.heartbeat(path, s)
		k.access(path, s)
		k.networks(path, s)
		k.guide(path, s)
		k.spki(path, s)
		k.secret(path, s)
	}
}

func (k *checker) heartbeat(path string, s *Session) {
	if s.HeartbeatMin > s.HeartbeatMax && !k.atFault(path+".heartbeat_min") && !k.atFault(path+".heartbeat_max") {
		k.fault(path+".heartbeat_min", Problem{
			What: fmt.Sprintf("heartbeat_min %s is above heartbeat_max %s", s.HeartbeatMin, s.HeartbeatMax),
		})
	}
	for key, v := range map[string]time.Duration{"heartbeat_min": s.HeartbeatMin, "heartbeat_max": s.HeartbeatMax} {
		if v%time.Second != 0 && !k.atFault(path+"."+key) {
			k.fault(path+"."+key, Problem{What: fmt.Sprintf("%s %s is not whole seconds", key, v), Hint: "HeartBtInt(108) counts seconds"})
		}
	}
}

// access checks that a session names accounts that exist, and at least one unless
// it only reads market data.
func (k *checker) access(path string, s *Session) {
	known := make([]string, 0, len(k.c.Accounts))
	for _, a := range k.c.Accounts {
		known = append(known, a.Name)
	}
	seen := map[string]string{}
	for j, name := range s.Accounts {
		at := fmt.Sprintf("%s.accounts[%d]", path, j)
		k.unique(seen, at, name)
		if !slices.Contains(known, name) && !k.atFault(at) {
			k.fault(at, Problem{What: fmt.Sprintf("there is no account %q", name), Meant: nearest(name, known), Allowed: some(known)})
		}
	}
	roles := map[string]string{}
	for j, role := range s.Roles {
		k.unique(roles, fmt.Sprintf("%s.roles[%d]", path, j), role)
	}
	for _, role := range s.Roles {
		what, speaks := ofAccounts[role]
		if !speaks || len(s.Accounts) > 0 || k.atFault(path+".accounts") {
			continue
		}
		k.faultKey(path, Problem{What: fmt.Sprintf("session %q %s but names no account", s.CompID, what), Allowed: "accounts = [" + some(known) + "]"})
		return
	}
}

// ofAccounts are the roles that say nothing without an account.
var ofAccounts = map[string]string{
	"trade": "may trade", "certify": "may trade", "quote": "may ask for quotes", "account": "may ask about accounts",
	"drop_copy": "gets drop copies", "lp": "may quote to the maker",
}

func (k *checker) networks(path string, s *Session) {
	for j, text := range s.AllowIPs {
		at := fmt.Sprintf("%s.allow_ips[%d]", path, j)
		if _, err := ParseNetwork(text); err != nil && !k.atFault(at) {
			k.fault(at, Problem{What: fmt.Sprintf("%q is no address or network", text), Allowed: "such as 192.0.2.7 or 192.0.2.0/24"})
		}
	}
}

// ParseNetwork reads an address, or a network in CIDR form.
func ParseNetwork(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return ip.Prefix(ip.BitLen())
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("network %q: %w", text, err)
	}
	return p, nil
}

// some lists names, cut when there are many.
func some(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// wholeMoney tells whether price times size is a whole unit of Money: then the
// cash of every fill is exact.
func wholeMoney(p perp.Price, s perp.Size) bool {
	hi, lo := bits.Mul64(uint64(p), uint64(s))
	return hi < uint64(perp.SizeOne) && bits.Rem64(hi, lo, uint64(perp.SizeOne)) == 0
}
