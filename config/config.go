package config

import (
	"time"

	"backstop/perp"
	"backstop/risk"
)

// Config is everything that the operator said, checked. The tags are read by
// the decoder: toml is the key, need marks a required one, oneof, min and max
// say what is allowed, unit bps that the text is in basis points.
type Config struct {
	Server   Server    `toml:"server"`
	Log      Log       `toml:"log"`
	Store    Store     `toml:"store"`
	Admin    Admin     `toml:"admin"`
	Fix      Fix       `toml:"fix"`
	Maker    Maker     `toml:"maker"`
	Venue    Venue     `toml:"withdrawals"`
	Markets  []Market  `toml:"market"`
	Accounts []Account `toml:"account"`
	Sessions []Session `toml:"session"`
	Feeds    []Feed    `toml:"feed"`

	// Warnings are what is allowed but should be known; nothing stops for them.
	Warnings []Problem

	file  string
	src   []byte
	spots index
}

// Server says where the gateway keeps its data and shows its page.
type Server struct {
	// DataDir holds the database and the FIX dictionaries. A relative path
	// counts from the directory of the file.
	DataDir string `toml:"data_dir" need:"yes"`
	// Dashboard is the address of the read-only HTTP port; empty: none.
	Dashboard string `toml:"dashboard"`
	// Drain bounds how long a stopping gateway waits for sessions to log out.
	Drain time.Duration `toml:"drain" min:"0s" max:"5m"`
	// Notice is how long the gateway goes on, and tells clients of its end, after it
	// was asked to stop; 0: it stops at once.
	Notice time.Duration `toml:"notice" min:"0s" max:"1h"`
}

// Store bounds what the disk holds besides the database.
type Store struct {
	// WALTruncate is the size in MiB above which the write-ahead log is emptied as
	// soon as no reader holds it back; above WALAlarm the gateway is not ready.
	WALTruncate int `toml:"wal_truncate_mb" min:"1" max:"4096"`
	WALAlarm    int `toml:"wal_alarm_mb" min:"1" max:"4096"`
}

// Admin says who may do what at the admin socket.
type Admin struct {
	// TwoPerson asks for a second person where the desk lets more happen than before:
	// money in or out, withdrawals opened, a halt lifted, a market expired. What stops
	// something is one person's and at once.
	TwoPerson bool `toml:"two_person"`
	// ApproveAfter is how long a proposal waits before it may be approved, and
	// ApproveWithin how long after it was made it still may.
	ApproveAfter  time.Duration `toml:"approve_after" min:"0s" max:"24h"`
	ApproveWithin time.Duration `toml:"approve_within" min:"1s" max:"168h"`
	// Persons are known by a token of their own; none: by the user that their process
	// runs as.
	Persons []Person `toml:"person"`
}

// Person is somebody of the desk.
type Person struct {
	Name string `toml:"name" need:"yes"`
	// TokenHash is sha256: and the SHA-256 of the person's token in hex; the token
	// itself is in the person's own file.
	TokenHash string `toml:"token_hash" need:"yes"`
}

// Log says what is logged.
type Log struct {
	Level  string `toml:"level" oneof:"debug|info|warn|error"`
	Format string `toml:"format" oneof:"auto|text|json"`
}

// Fix is the acceptor that all sessions share.
type Fix struct {
	// Listen is the address of the acceptor. Without TLS only loopback is
	// allowed.
	Listen string `toml:"listen" need:"yes"`
	// CompID is ours: TargetCompID(56) of what clients send.
	CompID string `toml:"comp_id" need:"yes"`
	// MaxClockSkew is how far SendingTime(52) may be from our clock, either way.
	MaxClockSkew time.Duration `toml:"max_clock_skew" min:"1s" max:"1h"`
	// MaxOrderAge is the age up to which an order is taken that is repeated, or had
	// to wait; 0: none that is repeated.
	MaxOrderAge time.Duration `toml:"max_order_age" min:"0s" max:"1h"`
	// Ban keeps a client out that was logged out for its message rate.
	Ban time.Duration `toml:"ban" min:"1s" max:"24h"`
	TLS TLS           `toml:"tls"`
}

// Maker is the vAMM's own side.
type Maker struct {
	// Equity is paid into each market once, when it first appears.
	Equity perp.Money `toml:"equity" min:"0.000001" max:"1000000000000"`
	// Insurance is paid into each market once: what bankruptcies cost comes out
	// of it first.
	Insurance perp.Money `toml:"insurance" min:"0" max:"1000000000000"`
}

// Venue bounds what may leave all accounts together; see risk.Venue.
type Venue struct {
	MaxShare perp.Ratio    `toml:"max_share" min:"0.000001" max:"1"`
	Span     time.Duration `toml:"span" min:"1s" max:"24h"`
	// HaltMarkets halts every market when withdrawals stop.
	HaltMarkets bool `toml:"halt_markets"`
}

// Account is a ledger account of a client firm.
type Account struct {
	Name string `toml:"name" need:"yes"`
	// Firm is whose account it is: what its fills show counts for all accounts of
	// the firm. Empty: its own.
	Firm string `toml:"firm"`
	// Deposit is paid in once, when the account first appears.
	Deposit perp.Money    `toml:"deposit" min:"0" max:"1000000000000"`
	Limits  AccountLimits `toml:"limits"`
	// Protection is for what it quotes as a liquidity provider.
	Protection AccountProtection `toml:"protection"`
}

// AccountLimits bound one account over all markets; see risk.Limits.
type AccountLimits struct {
	OpenOrders  int        `toml:"open_orders" min:"1" max:"100000"`
	MaxNotional perp.Money `toml:"max_notional" min:"0.000001" max:"9000000000000"`
	// OrderLeverage is the largest order that grows a position, in multiples of
	// the account's collateral.
	OrderLeverage perp.Ratio `toml:"max_order_leverage" min:"0" max:"1000"`
	// Slippage is how much worse than the best level market orders may deal that
	// do not say it themselves; zero: any.
	Slippage perp.Ratio `toml:"max_slippage_bps" unit:"bps" min:"0" max:"10000"`
	// MaxPosition names, for some markets, another limit than the market's own.
	MaxPosition map[string]perp.Size `toml:"max_position" min:"0" max:"1000000000"`
}

// Session is one FIX connection of a client.
type Session struct {
	// CompID is the client's SenderCompID(49).
	CompID string `toml:"comp_id" need:"yes"`
	// OurCompID is what the client sends as TargetCompID(56); empty: fix.comp_id.
	OurCompID string `toml:"our_comp_id"`
	// BeginString is the version that the client speaks; FIXT.1.1 is FIX 5.0 SP2.
	BeginString string `toml:"begin_string" oneof:"FIX.4.4|FIX.4.2|FIXT.1.1"`
	// Auth is how a Logon proves who it is.
	Auth string `toml:"auth" oneof:"password|signature|mtls|none"`
	// CertSPKI is which key the client's certificate must have, as
	// sha256:HEX; empty: any, but its common name must be the CompID.
	CertSPKI string `toml:"cert_spki"`
	// Username is compared with Username(553); empty: comp_id.
	Username string `toml:"username"`
	// Secret says where the password or its hash is: env:NAME or file:PATH; or
	// what: argon2id:HASH, plain:TEXT. With auth signature: where the key is, or a
	// public key, ed25519:BASE64.
	Secret string `toml:"secret"`
	// ResetOnLogon starts both numbers at 1 at every Logon; AllowReset lets the
	// client ask for that with ResetSeqNumFlag(141).
	ResetOnLogon bool          `toml:"reset_on_logon"`
	AllowReset   bool          `toml:"allow_reset"`
	HeartbeatMin time.Duration `toml:"heartbeat_min" min:"1s" max:"1h"`
	HeartbeatMax time.Duration `toml:"heartbeat_max" min:"1s" max:"1h"`
	// CancelOnDisconnect ends the working orders of the session when its connection
	// ends, CancelGrace later if the client has not come back by then. A Logon may
	// ask otherwise with 8013.
	CancelOnDisconnect bool          `toml:"cancel_on_disconnect"`
	CancelGrace        time.Duration `toml:"cancel_grace" min:"0s" max:"30s"`
	// Accounts may be traded through this session.
	Accounts []string `toml:"accounts"`
	// Roles say what the session may ask for.
	Roles []string `toml:"roles" oneof:"trade|quote|md|account|drop_copy|certify|lp"`
	// Guided is told by News how its certification stands, and what is said is kept in
	// the data directory; on a gateway of certification markets alone.
	Guided bool `toml:"guided"`
	// AllowIPs are addresses or networks that may connect; empty: any.
	AllowIPs []string `toml:"allow_ips"`
	// Limits bound what the session may ask for.
	Limits SessionLimits `toml:"limits"`
	// Inject makes faults on the wire, in a certification configuration.
	Inject SessionInject `toml:"inject"`

	// Password is the secret itself, once Load has read it, or Hash or Key is.
	Password string
	Hash     *Hash
	Key      *SigningKey
}

// SessionLimits bound what one session may ask for, whatever its account may.
type SessionLimits struct {
	// OrdersPerSecond is the most new, changed and quoted orders, and the most quote
	// requests, market data requests and others each; ten times as many cancels; 0: any.
	OrdersPerSecond int `toml:"orders_per_second" min:"0" max:"100000"`
}

// Feed is one source of outside prices.
type Feed struct {
	Kind string `toml:"kind" need:"yes" oneof:"synthetic|file|scripted"`
	// Symbols are the markets that the feed prices; a file prices one.
	Symbols []string `toml:"symbols"`
	// Start are the first prices of a synthetic or scripted feed, by symbol.
	Start map[string]perp.Price `toml:"start" min:"0.000001" max:"1000000000"`
	// Seed makes a synthetic feed repeatable.
	Seed int `toml:"seed" min:"0" max:"9223372036854775807"`
	// Script is what the prices of a scripted feed do; see oracle.Scripts.
	Script string `toml:"script"`
	// Path is the file that a file feed plays.
	Path string `toml:"path"`
	// Speed is how many times faster than it was the feed runs.
	Speed perp.Ratio `toml:"speed" min:"0.001" max:"1000000"`
}

// Defaults of keys that a file may leave out.
const (
	defaultDrain        = 5 * time.Second
	defaultApproval     = 15 * time.Minute
	defaultWALTruncate  = 32 // MiB
	defaultWALAlarm     = 64
	defaultHeartbeatMin = time.Second
	defaultHeartbeatMax = 60 * time.Second
	defaultOrderRate    = 200
	defaultClockSkew    = 2 * time.Minute
	defaultBan          = 5 * time.Second
	defaultEquity       = 10_000_000 * perp.MoneyOne
	defaultInsurance    = 100_000 * perp.MoneyOne
)

func (s *Server) setDefaults() { *s = Server{Dashboard: "127.0.0.1:8080", Drain: defaultDrain} }
func (s *Store) setDefaults()  { *s = Store{WALTruncate: defaultWALTruncate, WALAlarm: defaultWALAlarm} }
func (a *Admin) setDefaults()  { *a = Admin{ApproveWithin: defaultApproval} }
func (l *Log) setDefaults()    { *l = Log{Level: "info", Format: "auto"} }
func (m *Maker) setDefaults()  { *m = Maker{Equity: defaultEquity, Insurance: defaultInsurance} }
func (f *Feed) setDefaults()   { *f = Feed{Seed: 1, Speed: perp.RatioOne} }

func (f *Fix) setDefaults() {
	*f = Fix{MaxClockSkew: defaultClockSkew, MaxOrderAge: time.Duration(risk.DefaultRequestAge), Ban: defaultBan}
}

func (l *SessionLimits) setDefaults() { *l = SessionLimits{OrdersPerSecond: defaultOrderRate} }

func (s *Session) setDefaults() {
	*s = Session{
		BeginString: "FIX.4.4", Auth: "password", Roles: []string{"trade", "md"}, AllowReset: true,
		HeartbeatMin: defaultHeartbeatMin, HeartbeatMax: defaultHeartbeatMax, CancelOnDisconnect: true,
	}
}
