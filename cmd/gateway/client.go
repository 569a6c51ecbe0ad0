package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"backstop/config"
	"backstop/fix"
)

// clientOptions are the flags that every client command has: where to, who as,
// and for how long.
type clientOptions struct {
	fix, compID, target, username, account, dialect, beginString, profile, portsFile string

	tls                    bool
	tlsCA, tlsCert, tlsKey string

	wait   time.Duration
	asJSON bool
}

func (o *clientOptions) flags(f *config.Flags) {
	f.StringVar(&o.fix, "fix", "127.0.0.1:9878", "FIX `ADDR` of the gateway")
	f.StringVar(&o.compID, "comp-id", "DEMO1", "our SenderCompID(49)")
	f.StringVar(&o.target, "target", "BACKSTOP", "the gateway's CompID(56)")
	f.StringVar(&o.username, "username", "", "Username(553); without it --comp-id")
	f.StringVar(&o.account, "account", "", "Account(1); without it the session's only one")
	f.StringVar(&o.dialect, "dialect", "", "`STRICT44|VAMM1`: how much we are told (22000); without it STRICT44")
	f.StringVar(&o.beginString, "begin-string", "", "`VERSION`: FIX.4.4 (also without it), FIX.4.2 or FIXT.1.1")
	f.StringVar(&o.profile, "profile", "", "`FILE` with all of these and where the password is")
	f.StringVar(&o.portsFile, "ports-file", "", "take --fix from the `FILE` that demo or run wrote")
	f.BoolVar(&o.tls, "tls", false, "connect over TLS; the CAs of this machine are trusted")
	f.StringVar(&o.tlsCA, "tls-ca", "", "connect over TLS; the CAs in `FILE` are trusted")
	f.StringVar(&o.tlsCert, "tls-cert", "", "connect over TLS and show the certificate in `FILE`")
	f.StringVar(&o.tlsKey, "tls-key", "", "`FILE` of mode 0600 with the key of --tls-cert")
	f.DurationVar(&o.wait, "wait", 10*time.Second, "longest wait for the logon and for an answer")
	f.BoolVar(&o.asJSON, "json", false, "print JSON, one message a line")
}

// passwordVariable holds the password of client commands: it never stands on
// a command line, where every user of the machine could read it.
const passwordVariable = "GATEWAY_PASSWORD"

// clientLong ends the help of every client command.
const clientLong = `The password comes from the profile, from GATEWAY_PASSWORD, or is asked for; the
demo's is known. With --tls-cert none is asked for. A connection starts with
both sequence numbers at 1 (141=Y); orders stay when it ends (8013=N).`

// profileExample says what a profile holds.
const profileExample = `a profile has these keys: fix, comp_id, target, username, account, dialect,
begin_string, secret, tls, tls_ca, tls_cert, tls_key`

// dialects are what --dialect may be.
var dialects = []string{"", "STRICT44", "VAMM1"}

// conversation is one logged-on session and where its messages are printed.
type conversation struct {
	env    *config.Env
	client *fix.Client
	opt    *clientOptions
	nonce  string
}

// talk logs on, holds the conversation and logs out.
func (o *clientOptions) talk(ctx context.Context, env *config.Env, hold func(context.Context, *conversation) int) int {
	password, code := o.resolve(ctx, env)
	if code != config.ExitOK {
		return code
	}
	over, err := o.transport()
	if err != nil {
		return env.Fail(config.ExitConfig, err)
	}
	dialing, cancel := context.WithTimeout(ctx, o.wait)
	defer cancel()
	client, err := fix.Dial(dialing, fix.ClientConfig{
		Addr: o.fix, CompID: o.compID, Target: o.target, Username: o.username, Password: password, Dialect: o.dialect, BeginString: o.beginString,
		TLS: over, OnDisconnect: "N", // A command says one thing and leaves; its order is there to stay.
	})
	if err != nil {
		return o.dialFailed(ctx, env, err)
	}
	defer client.Close()
	return hold(ctx, &conversation{env: env, client: client, opt: o, nonce: strconv.FormatInt(time.Now().UnixNano(), 36)})
}

// transport is how the connection is made; nil for plain TCP.
func (o *clientOptions) transport() (*tls.Config, error) {
	if !o.tls && o.tlsCA == "" && o.tlsCert == "" && o.tlsKey == "" {
		return nil, nil
	}
	return config.ClientTLS(o.fix, o.tlsCA, o.tlsCert, o.tlsKey)
}

// resolve fills what a profile or ports file says and finds the password.
func (o *clientOptions) resolve(ctx context.Context, env *config.Env) (password string, code int) {
	if o.portsFile != "" {
		p, err := readPorts(o.portsFile)
		if err != nil {
			return "", env.Fail(config.ExitNotFound, err, "a gateway writes it with --ports-file once it is ready")
		}
		o.fix = p.FIX
	}
	if o.profile != "" {
		p, err := config.LoadProfile(o.profile)
		if errors.Is(err, fs.ErrNotExist) {
			return "", env.Fail(config.ExitConfig, err, profileExample)
		}
		if err != nil {
			return "", failConfig(env, o.profile, err)
		}
		o.fix, o.compID, o.target, o.username, password = p.Fix, p.CompID, p.Target, p.Username, p.Password
		o.tls, o.tlsCA, o.tlsCert, o.tlsKey = p.TLS, p.TLSCA, p.TLSCert, p.TLSKey
		if o.account == "" {
			o.account = p.Account
		}
		if o.dialect == "" {
			o.dialect = p.Dialect
		}
		if o.beginString == "" {
			o.beginString = p.BeginString
		}
	}
	if !slices.Contains(dialects, o.dialect) {
		return "", env.Fail(config.ExitUsage, errors.New("--dialect is STRICT44 or VAMM1"))
	}
	if _, err := versionOf(o.beginString); err != nil {
		return "", env.Fail(config.ExitUsage, err)
	}
	if o.username == "" {
		o.username = o.compID
	}
	if err := config.CheckAddr(o.fix); err != nil {
		return "", env.Fail(config.ExitUsage, fmt.Errorf("--fix: %w", err), "HOST:PORT, such as 127.0.0.1:9878")
	}
	if password != "" {
		return password, config.ExitOK
	}
	return o.findPassword(ctx, env)
}

func (o *clientOptions) findPassword(ctx context.Context, env *config.Env) (string, int) {
	if value, ok := env.Lookup(passwordVariable); ok && value != "" {
		return value, config.ExitOK
	}
	if o.tlsCert != "" {
		return "", config.ExitOK
	}
	if config.IsLoopback(o.fix) && listedClient(o.compID) {
		return demoPassword, config.ExitOK
	}
	value, err := env.AskSecret(ctx, "Password of "+o.username+": ")
	if ctx.Err() != nil {
		return "", config.ExitInterrupted
	}
	if err != nil {
		return "", env.Fail(config.ExitConfig, fmt.Errorf("the password of %s is not known: %w", o.username, err),
			"set "+passwordVariable+", or name a --profile; passwords are no flags")
	}
	return value, config.ExitOK
}

// listedClient tells whether the demo has this client.
func listedClient(compID string) bool {
	for _, c := range demoClients {
		if c == compID {
			return true
		}
	}
	return false
}

// dialFailed maps why there is no session to an exit code.
func (o *clientOptions) dialFailed(ctx context.Context, env *config.Env, err error) int {
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return config.ExitInterrupted
	case errors.Is(err, fix.ErrUnreachable):
		return env.Fail(config.ExitUnreachable, err, "is it running? `gateway demo` starts one", "name another address with --fix or --ports-file")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return env.Fail(config.ExitTimeout, err, "the gateway hangs up on a CompID that it does not know, or that is logged on already")
	case errors.Is(err, fix.ErrHandshake):
		return env.Fail(config.ExitRefused, err, "check --tls-ca, --tls-cert and the address: the gateway's certificate must name it", "is [fix.tls] configured there?")
	}
	return env.Fail(config.ExitRefused, err, "check --comp-id, --username, --target and the password")
}

// id makes a request id that this client has not used before.
func (c *conversation) id(prefix string) string { return prefix + c.nonce }

// send sends a message and says so.
func (c *conversation) send(msgType string, fields ...fix.Field) int {
	parts := make([]string, 0, len(fields))
	for _, f := range fields {
		parts = append(parts, fmt.Sprintf("%d=%s", f.Tag, f.Value))
	}
	c.env.Say("sent 35=%s %s", msgType, strings.Join(parts, " "))
	if err := c.client.Send(msgType, fields...); err != nil {
		return c.env.Fail(config.ExitFailure, err)
	}
	return config.ExitOK
}

// verdict is what one received message means for the command.
type verdict struct {
	done bool
	code int
	why  string
}

// Verdicts: go on reading, or end well.
var (
	more = verdict{}
	fine = verdict{done: true}
)

// refused ends the command with the gateway's own words.
func refused(m fix.Message) verdict {
	why := m.Get(58)
	if why == "" {
		why = m.Name
	}
	return verdict{done: true, code: config.ExitRefused, why: why}
}

// read prints what arrives until judge says that it is enough, at most until
// the wait is over.
func (c *conversation) read(ctx context.Context, wait time.Duration, judge func(fix.Message) verdict) int {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return config.ExitInterrupted
		case <-timer.C:
			return c.env.Fail(config.ExitTimeout, fmt.Errorf("no answer within %s", wait), "--wait takes a longer time")
		case m, ok := <-c.client.Messages():
			if !ok {
				return c.env.Fail(config.ExitFailure, fmt.Errorf("%w: %s", fix.ErrEnded, c.client.Reason()))
			}
			if code := c.print(m); code != config.ExitOK {
				return code
			}
			v := judged(m, judge)
			if v.code != config.ExitOK {
				return c.env.Fail(v.code, errors.New(v.why))
			}
			if v.done {
				return config.ExitOK
			}
		}
	}
}

// judged is what a message means: a report of an earlier conversation that is
// told again (97=Y) is shown but is no answer, whatever ids it has.
func judged(m fix.Message, judge func(fix.Message) verdict) verdict {
	switch {
	case m.Type == "3", m.Type == "j", m.Type == "5":
		return refused(m)
	case m.Get(97) == "Y":
		return more
	}
	return judge(m)
}

// jsonField is one field as --json prints it.
type jsonField struct {
	Tag     int    `json:"tag"`
	Name    string `json:"name,omitempty"`
	Value   string `json:"value"`
	Meaning string `json:"meaning,omitempty"`
}

// jsonMessage is one message as --json prints it.
type jsonMessage struct {
	Type     string      `json:"type"`
	Name     string      `json:"name,omitempty"`
	Fields   []jsonField `json:"fields"`
	Problems []string    `json:"problems,omitempty"`
}

// asJSON turns a message into its printed form, passwords hidden.
func asJSON(m fix.Message) jsonMessage {
	out := jsonMessage{Type: m.Type, Name: m.Name, Fields: make([]jsonField, 0, len(m.Fields)), Problems: m.Problems}
	for _, f := range m.Fields {
		out.Fields = append(out.Fields, jsonField{f.Tag, f.Name, f.Shown(), f.Meaning})
	}
	return out
}

func (c *conversation) print(m fix.Message) int {
	if !c.opt.asJSON {
		return c.env.Print(fmt.Sprintf("%s (35=%s)\n%s\n", m.Name, m.Type, m))
	}
	b, err := json.Marshal(asJSON(m))
	if err != nil {
		return c.env.Fail(config.ExitFailure, fmt.Errorf("encoding the output: %w", err))
	}
	return c.env.Print(string(b) + "\n")
}

// field is short for one field of a request.
func field(tag int, value string) fix.Field { return fix.Field{Tag: tag, Value: value} }

// now is a UTC timestamp as FIX writes it.
func now() string { return time.Now().UTC().Format("20060102-15:04:05.000") }

// readPorts reads what --ports-file wrote.
func readPorts(path string) (ports, error) {
	var p ports
	b, err := os.ReadFile(path)
	if err != nil {
		return p, fmt.Errorf("reading the ports file: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("reading the ports file %s: %w", path, err)
	}
	return p, nil
}
