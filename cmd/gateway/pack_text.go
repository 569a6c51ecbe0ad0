package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// lines are the settings of a section of a .cfg, and remarks.
type lines struct{ strings.Builder }

func (l *lines) set(key string, value any) { fmt.Fprintf(l, "%s=%v\n", key, value) }

func (l *lines) remark(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		l.WriteString("# " + line + "\n")
	}
}

func yes(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}

// begin opens a .cfg for an engine; all read the same words for what they share.
func (f packFacts) begin(engine string) *lines {
	l := &lines{}
	l.remark(fmt.Sprintf("%s to %s, for %s. Run it in the folder of this file.", f.session.CompID, f.target, engine))
	if f.session.Auth == "password" {
		l.remark(fmt.Sprintf("The Logon needs Username(553)=%s and Password(554); README.md says how to add them.", f.username()))
	}
	if f.dialect == dialectVAMM1 {
		l.remark("It also needs Dialect(22000)=VAMM1.")
	}
	l.WriteString("[DEFAULT]\n")
	l.set("ConnectionType", "initiator")
	l.set("SocketConnectHost", f.host)
	l.set("SocketConnectPort", f.port)
	l.set("HeartBtInt", f.heartBtInt())
	l.set("ReconnectInterval", 5)
	l.set("UseDataDictionary", "Y")
	if v := f.version(); v.Transport != nil {
		l.set("TransportDataDictionary", v.TransFile)
		l.set("AppDataDictionary", v.AppFile)
		l.set("DefaultApplVerID", map[bool]string{true: "FIX.5.0SP2", false: v.ApplVerID}[engine != "QuickFIX/Go"])
	} else {
		l.set("DataDictionary", f.dictionaryName())
	}
	l.set("FileStorePath", "store")
	l.set("FileLogPath", "log")
	return l
}

// end closes a .cfg.
func (f packFacts) end(l *lines) string {
	l.WriteString("\n[SESSION]\n")
	l.set("BeginString", f.session.BeginString)
	l.set("SenderCompID", f.session.CompID)
	l.set("TargetCompID", f.target)
	return l.String()
}

func (f packFacts) cfgGo() string {
	l := f.begin("QuickFIX/Go")
	l.set("ResetOnLogon", yes(f.session.ResetOnLogon))
	l.set("EnableLastMsgSeqNumProcessed", "Y")
	if f.tls {
		l.set("SocketUseSSL", "Y")
		l.set("SocketServerName", f.host)
		l.set("SocketCAFile", "ca.pem")
		l.set("SocketMinimumTLSVersion", "TLS12")
	}
	if f.clientCert {
		l.set("SocketCertificateFile", "client.crt")
		l.set("SocketPrivateKeyFile", "client.key")
	}
	return f.end(l)
}

func (f packFacts) cfgJava() string {
	l := f.begin("QuickFIX/J")
	l.set("NonStopSession", "Y")
	l.set("ResetOnLogon", yes(f.session.ResetOnLogon))
	l.set("EnableLastMsgSeqNumProcessed", "Y")
	if f.tls {
		l.remark("keytool -importcert -noprompt -file ca.pem -keystore trust.p12 -storetype PKCS12")
		l.set("SocketUseSSL", "Y")
		l.set("EnabledProtocols", "TLSv1.3,TLSv1.2")
		l.set("EndpointIdentificationAlgorithm", "HTTPS")
		l.set("SocketTrustStore", "trust.p12")
		l.set("TrustStoreType", "PKCS12")
		l.remark("SocketTrustStorePassword=")
	}
	if f.clientCert {
		l.set("SocketKeyStore", "client.p12")
		l.set("KeyStoreType", "PKCS12")
		l.remark("SocketKeyStorePassword=")
	}
	return f.end(l)
}

func (f packFacts) cfgNet() string {
	l := f.begin("QuickFIX/n")
	l.set("NonStopSession", "Y")
	l.set("ResetOnLogon", yes(f.session.ResetOnLogon))
	l.set("EnableLastMsgSeqNumProcessed", "Y")
	if f.tls {
		l.set("SSLEnable", "Y")
		l.set("SSLServerName", f.host)
		l.set("SSLCACertificate", "ca.pem")
		l.set("SSLValidateCertificates", "Y")
	}
	if f.clientCert {
		l.set("SSLCertificate", "client.p12")
		l.remark("SSLCertificatePassword=")
	}
	return f.end(l)
}

// cfgCPP is for QuickFIX in C++. It has no sessions without end in the versions
// that distributions ship, and begins anew with number 1 at midnight; only a reset
// at each Logon keeps both ends together then.
func (f packFacts) cfgCPP() string {
	l := f.begin("QuickFIX (C++)")
	l.set("StartTime", "00:00:00")
	l.set("EndTime", "00:00:00")
	reset := f.session.ResetOnLogon || f.session.AllowReset
	l.set("ResetOnLogon", yes(reset))
	if !reset {
		l.remark("This engine starts with number 1 again at midnight UTC, and this session may not\nreset: ask the desk for allow_reset, or keep the numbers by hand.")
	}
	if f.tls {
		l.remark("Needs SSLSocketInitiator; elsewhere a tunnel that speaks TLS.")
		l.set("CertificationAuthoritiesFile", "ca.pem")
		l.set("SSLProtocol", "+TLSv1_2")
	}
	if f.clientCert {
		l.set("ClientCertificateFile", "client.crt")
		l.set("ClientCertificateKeyFile", "client.key")
	}
	return f.end(l)
}

// profile is for the bundled client. The secret is where the reader puts it.
func (f packFacts) profile() string {
	var b strings.Builder
	line := func(key, value string) { fmt.Fprintf(&b, "%-8s = %q\n", key, value) }
	fmt.Fprintf(&b, "# gateway client md --profile %s --symbol SYMBOL\n", f.profileName())
	line("fix", f.address())
	line("comp_id", f.session.CompID)
	line("target", f.target)
	line("dialect", f.dialect)
	if f.version().Key != "44" {
		line("begin_string", f.session.BeginString)
	}
	if len(f.session.Accounts) == 1 {
		line("account", f.session.Accounts[0])
	}
	if f.session.Auth == "password" {
		line("username", f.username())
		line("secret", "env:GATEWAY_PASSWORD")
	}
	if f.tls {
		line("tls_ca", "ca.pem")
	}
	if f.clientCert {
		line("tls_cert", "client.crt")
		line("tls_key", "client.key")
	}
	return b.String()
}

// readme is the first page: what was agreed, what the files are, what to do.
func (f packFacts) readme() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: connecting to %s\n\nNothing in this folder is secret.\n\n| | |\n|---|---|\n", f.session.CompID, f.target)
	for _, row := range f.agreed() {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}
	b.WriteString("\n## Files\n\n")
	fmt.Fprintf(&b, "- `ROE.md`: the rules of engagement, message by message\n- `%s`: data dictionary in QuickFIX format, for validation", f.dictionaryName())
	switch v := f.version(); {
	case v.Transport != nil:
		fmt.Fprintf(&b, "; `%s`: that of the session messages\n", v.TransFile)
	case v.Key == "44":
		b.WriteString("; `orchestra.xml`: the same promise as FIX Orchestra\n")
	default:
		b.WriteString("\n")
	}
	b.WriteString("- `quickfixgo.cfg`, `quickfixj.cfg`, `quickfixn.cfg`, `quickfix-cpp.cfg`: settings of an initiator\n")
	fmt.Fprintf(&b, "- `%s`: profile of the bundled client\n- `SHA256SUMS`: `sha256sum -c SHA256SUMS`\n", f.profileName())
	if f.tls {
		own := ""
		if f.caOwn {
			own = "; it is the gateway's own certificate with its chain, because the desk named no CA"
		}
		fmt.Fprintf(&b, "- `ca.pem`: what to trust%s\n", own)
	}
	if f.clientCert {
		b.WriteString("- not here: `client.crt` and `client.key` (PEM), or `client.p12`: yours, from the CA that was agreed\n")
	}
	b.WriteString("\n## First steps\n\n")
	for i, step := range f.steps() {
		fmt.Fprintf(&b, "%d. %s\n", i+1, step)
	}
	return b.String()
}

// agreed are the facts of the session.
func (f packFacts) agreed() [][2]string {
	s := f.session
	transport := "plain TCP"
	if f.tls {
		transport = "TLS 1.2 or 1.3; the certificate names the host"
	}
	if f.clientCert {
		transport += "; show a client certificate"
		if s.CertSPKI != "" {
			transport += " with the key " + s.CertSPKI
		} else {
			transport += " with the common name " + s.CompID
		}
	}
	proof := map[string]string{
		"password":  fmt.Sprintf("Username (553) %s and Password (554), which you got apart from this", f.username()),
		"signature": "RawDataLength (95) and RawData (96): a signature, see the rules", "mtls": "the certificate", "none": "nothing",
	}[s.Auth]
	resets := "continuous; ResetSeqNumFlag (141) is refused"
	switch {
	case s.ResetOnLogon:
		resets = "from 1 at every Logon"
	case s.AllowReset:
		resets = "continuous; ResetSeqNumFlag (141) Y is allowed"
	}
	cancel := "stay when the session ends; 8013=Y in the Logon ends them"
	if s.CancelOnDisconnect {
		cancel = "end with the session; 8013=N in the Logon keeps them"
		if s.CancelGrace > 0 {
			cancel = fmt.Sprintf("end %s after the session, unless you are back; 8013=N in the Logon keeps them", s.CancelGrace)
		}
	}
	rate := "no limit"
	if n := s.Limits.OrdersPerSecond; n > 0 {
		rate = fmt.Sprintf("%d a second, cancels ten times as many", n)
	}
	return [][2]string{
		{"Address", "`" + f.address() + "`"}, {"Transport", transport}, {"BeginString (8)", s.BeginString},
		{"SenderCompID (49)", "`" + s.CompID + "`"}, {"TargetCompID (56)", "`" + f.target + "`"}, {"Logon", proof},
		{"HeartBtInt (108)", fmt.Sprintf("%d to %d; the files ask for %d", int(s.HeartbeatMin/time.Second), int(s.HeartbeatMax/time.Second), f.heartBtInt())},
		{"Hours", "always; no daily reset"}, {"Sequence numbers", resets}, {"Dialect", f.dialect},
		{"Accounts", orAny(s.Accounts)}, {"Roles", cmp.Or(strings.Join(s.Roles, ", "), "trade")}, {"Addresses allowed", orAny(s.AllowIPs)},
		{"Orders", rate}, {"Working orders", cancel},
	}
}

func orAny(list []string) string {
	if len(list) == 0 {
		return "any"
	}
	return strings.Join(list, ", ")
}

// steps lead to the first quote with the bundled client, and then with an engine
// of the client's own.
func (f packFacts) steps() (all []string) {
	password := ""
	if f.session.Auth == "password" {
		password = ", with the password in the environment variable GATEWAY_PASSWORD"
	}
	all = append(all, fmt.Sprintf("See prices with the bundled client%s: `gateway client md --profile %s --symbol SYMBOL`.", password, f.profileName()))
	step := "Start your own engine with the settings of this folder."
	var tags []string
	if f.session.Auth == "password" {
		tags = append(tags, "553="+f.username(), "554=(the password)")
	}
	if f.dialect == dialectVAMM1 {
		tags = append(tags, "22000=VAMM1")
	}
	if len(tags) > 0 {
		step += fmt.Sprintf(" Add %s to the Logon: in `toAdmin` (`ToAdmin` in Go and .NET), when MsgType (35) is A; QuickFIX/J from 2.2 on also takes `LogonTag=` and `LogonTag1=` lines.", strings.Join(tags, ", "))
	}
	return append(all, step,
		"Ask for the markets (x), then for prices (V) or one quote (R), send an order (D), ask for your position (AN): `ROE.md` has each message.",
		"If your own dictionary validates, let the desk try it: `gateway fix lint-dict`.")
}
