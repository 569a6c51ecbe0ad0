package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"backstop/config"
	"backstop/spec"
)

// packFile is one file of a connect pack.
type packFile struct {
	name string
	text []byte
}

// packFacts are what a client has to know to connect; nothing of it is secret.
type packFacts struct {
	session    config.Session
	target     string // our CompID
	host, port string
	dialect    string
	tls        bool
	clientCert bool   // the client has to show one
	ca         []byte // what the client trusts, PEM; nil over plain TCP
	caOwn      bool   // it is the gateway's own chain: the desk named no CA
}

// heartbeat is what the pack asks for, if the session allows it.
const heartbeat = 30 * time.Second

// factsOf gathers the facts about a session from the configuration. Connect is
// where the client dials, ca the file of CAs that the desk names, if it does.
func factsOf(cfg *config.Config, compID, connect, dialect string, ca []byte) (packFacts, error) {
	i := slices.IndexFunc(cfg.Sessions, func(s config.Session) bool { return s.CompID == compID })
	if i < 0 {
		return packFacts{}, errNoSession
	}
	f := packFacts{session: cfg.Sessions[i], target: cfg.Sessions[i].OurCompID, dialect: dialect, tls: cfg.Fix.TLS.Pair != nil, ca: ca}
	if f.target == "" {
		f.target = cfg.Fix.CompID
	}
	if dialect == dialectVAMM1 && f.session.BeginString != spec.Spoken()[0].BeginString {
		return packFacts{}, errors.New("dialect VAMM1 is of FIX.4.4 alone, and this session speaks " + f.session.BeginString)
	}
	f.clientCert = cfg.Fix.TLS.Clients != nil || f.session.Auth == "mtls"
	var err error
	if f.host, f.port, err = net.SplitHostPort(cmp.Or(connect, cfg.Fix.Listen)); err != nil {
		return packFacts{}, fmt.Errorf("where clients dial: %w", err)
	}
	if ip := net.ParseIP(f.host); f.host == "" || ip != nil && ip.IsUnspecified() || f.port == "0" {
		return packFacts{}, errNoAddress
	}
	if n, err := strconv.Atoi(f.port); err != nil || n < 1 || n > 65535 {
		return packFacts{}, fmt.Errorf("where clients dial: %q is no port", f.port)
	}
	switch {
	case !f.tls && ca != nil:
		return packFacts{}, errors.New("the FIX port has no TLS, so there is no CA to trust")
	case f.tls && ca == nil:
		f.caOwn = true
		for _, der := range cfg.Fix.TLS.Pair.Certificate {
			f.ca = append(f.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
	}
	return f, nil
}

var (
	errNoSession = errors.New("no such session")
	errNoAddress = errors.New("fix.listen is no address that a client can dial")
)

// certificates checks that a file of CAs holds certificates alone: what is given
// away must hold no key.
func certificates(text []byte) error {
	found := 0
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return fmt.Errorf("it holds a %s", block.Type)
		}
		found++
	}
	if found == 0 {
		return errors.New("it holds no certificate in PEM")
	}
	return nil
}

// dictionaryName is the file that the engines of the pack validate with.
func (f packFacts) dictionaryName() string {
	if f.dialect == dialectVAMM1 {
		return "FIX44-VAMM1.xml"
	}
	return f.version().AppFile
}

// version is the one that the session speaks; the configuration knows no other.
func (f packFacts) version() spec.Version {
	v, _ := spec.VersionOf(f.session.BeginString)
	return v
}

func (f packFacts) address() string { return net.JoinHostPort(f.host, f.port) }

func (f packFacts) username() string { return cmp.Or(f.session.Username, f.session.CompID) }

// heartBtInt is a number of seconds within what the session allows.
func (f packFacts) heartBtInt() int {
	return int(min(max(heartbeat, f.session.HeartbeatMin), f.session.HeartbeatMax) / time.Second)
}

// profileName is the file of the bundled client.
func (f packFacts) profileName() string { return strings.ToLower(fileName(f.session.CompID)) + ".toml" }

// fileName keeps of a name what is harmless in a path.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, s)
}

// files are the whole pack, sorted by name, with the sums of all at the end.
func (f packFacts) files() ([]packFile, error) {
	vamm1 := f.dialect == dialectVAMM1
	repository, err := spec.Orchestra(vamm1)
	if err != nil {
		return nil, err
	}
	all := []packFile{
		{"README.md", []byte(f.readme())},
		{"ROE.md", []byte(spec.ROE())},
		{f.version().AppFile, f.version().App},
		{f.profileName(), []byte(f.profile())},
		{"quickfix-cpp.cfg", []byte(f.cfgCPP())},
		{"quickfixgo.cfg", []byte(f.cfgGo())},
		{"quickfixj.cfg", []byte(f.cfgJava())},
		{"quickfixn.cfg", []byte(f.cfgNet())},
	}
	if f.version().Key == "44" {
		all = append(all, packFile{"orchestra.xml", repository})
	}
	if v := f.version(); v.Transport != nil {
		all = append(all, packFile{v.TransFile, v.Transport})
	}
	if vamm1 {
		all = append(all, packFile{"FIX44-VAMM1.xml", spec.DictionaryVAMM1()})
	}
	if f.tls {
		all = append(all, packFile{"ca.pem", f.ca})
	}
	slices.SortFunc(all, func(a, b packFile) int { return strings.Compare(a.name, b.name) })
	var sums strings.Builder
	for _, file := range all {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(file.text), file.name)
	}
	return append(all, packFile{"SHA256SUMS", []byte(sums.String())}), nil
}

// zipped is the pack as one file. Times are left out: the same facts give the
// same bytes.
func zipped(files []packFile) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		part, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate})
		if err == nil {
			_, err = part.Write(f.text)
		}
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	return b.Bytes(), nil
}
