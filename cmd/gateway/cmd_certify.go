package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"backstop/certify"
	"backstop/config"
)

// reportName is the file that a report is kept in; the other forms stand beside it.
const reportName = "report.json"

// gradeOptions are the flags of certify grade.
type gradeOptions struct {
	log, session, gateway, out string
	source                     string
	outOfScope                 []string
	asJSON                     bool
}

func certifyList() config.Command {
	var asJSON bool
	return config.Command{
		Path: "certify list", Group: groupCertify,
		Short: "List the checks of the certification",
		Long: `What is judged of a client, with what has to be seen in its session before the
check can be passed. All of them are judged from the messages alone.`,
		Examples: "gateway certify list\ngateway certify list --json",
		Flags:    func(f *config.Flags) { jsonFlag(f, &asJSON) },
		Run: func(_ context.Context, env *config.Env, _ []string) int {
			if asJSON {
				return env.JSON(certify.Checks())
			}
			var b strings.Builder
			for _, c := range certify.Checks() {
				fmt.Fprintf(&b, "%s  %-10s %s\n     %s\n     needs %s\n", c.ID, c.Area, c.Title, c.Criteria, strings.Join(c.Needs, "; "))
			}
			return env.Print(b.String())
		},
	}
}

func certifyGrade() config.Command {
	var o gradeOptions
	return config.Command{
		Path: "certify grade", Group: groupCertify,
		Short: "Judge a client from a log of its session",
		Long: `Reads the messages of one session from any text that has one message a line: the
log of the client's engine, or what the gateway logs with log.level = "debug".
What a gateway sent last before a connection broke may not have arrived, so the
client may ask for more than the gateway's log shows as missing.
Without --session it is the session of the first Logon. A check passes, fails,
or was not observed; each verdict names messages by line and sequence number.

With --out it writes report.json, report.html, report.md and report.xml (JUnit);
the same log gives the same bytes. Exit 7: not certified; 8: the session is of a
FIX version that is not judged (FIX 4.2).`,
		Examples: `gateway certify grade --log messages.log
gateway certify grade --log gateway.log --session ACME --out acme
gateway certify grade --log messages.log --out-of-scope C16,C26`,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.log, "log", "", "`FILE` with the messages")
			f.StringVar(&o.source, "source", "", "`SIDE` whose log it is, client or gateway; without it gateway if it is one of ours")
			f.StringVar(&o.session, "session", "", "CompID of the client")
			f.StringVar(&o.gateway, "gateway", "", "CompID of the gateway")
			f.StringVar(&o.out, "out", "", "write the report into `DIR`, which is made if it is not there")
			f.StringSliceVar(&o.outOfScope, "out-of-scope", nil, "`IDS` of checks that do not apply to this client")
			jsonFlag(f, &o.asJSON)
		},
		Run: func(_ context.Context, env *config.Env, _ []string) int { return o.run(env) },
	}
}

func (o *gradeOptions) run(env *config.Env) int {
	if o.log == "" {
		return env.Fail(config.ExitUsage, errors.New("certify grade: --log is missing"), "`gateway certify grade --help` shows the flags and examples")
	}
	l, err := readLog(o.log, certify.Source(o.source), o.session, o.gateway)
	if err != nil {
		return failLog(env, err)
	}
	report, err := certify.NewReport(l, o.outOfScope)
	if errors.Is(err, certify.ErrNoCheck) {
		return env.Fail(config.ExitUsage, fmt.Errorf("--out-of-scope: %w", err), "`gateway certify list` prints the checks")
	}
	if err != nil {
		return failLog(env, err)
	}
	if o.out != "" {
		if err := writeReport(o.out, report); err != nil {
			return env.Fail(config.ExitFailure, fmt.Errorf("writing the report: %w", err))
		}
		env.Say("wrote %s", filepath.Join(o.out, reportName))
	}
	var code int
	if o.asJSON {
		code = env.JSON(report)
	} else {
		code = env.Print(report.Text())
	}
	if code == config.ExitOK && !report.Certified {
		return config.ExitCheck
	}
	return code
}

func failLog(env *config.Env, err error) int {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return env.Fail(config.ExitNotFound, err, "--log names a file with one message a line")
	case errors.Is(err, certify.ErrNoSession):
		return env.Fail(config.ExitNotFound, err, "--session and --gateway are the CompIDs (49, 56) of the two sides")
	case errors.Is(err, certify.ErrNoSource):
		return env.Fail(config.ExitUsage, fmt.Errorf("--source: %w", err))
	case errors.Is(err, certify.ErrVersion):
		return env.Fail(config.ExitRefused, err, "have the client log on in one of these for its certification")
	}
	return env.Fail(config.ExitFailure, err)
}

func readLog(path string, source certify.Source, client, gateway string) (_ *certify.Log, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return certify.ReadLog(f, source, client, gateway)
}

// writeReport writes every form of a report.
func writeReport(dir string, r *certify.Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := r.JSON()
	if err != nil {
		return err
	}
	html, err := r.HTML()
	if err != nil {
		return err
	}
	junit, err := r.JUnit()
	if err != nil {
		return err
	}
	for _, form := range []struct {
		name string
		text []byte
	}{{reportName, text}, {"report.html", html}, {"report.md", r.Markdown()}, {"report.xml", junit}} {
		if err := os.WriteFile(filepath.Join(dir, form.name), form.text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// reportMax is the largest report that is read back.
const reportMax = 256 << 20

// certifyReportOptions are the flags of certify report.
type certifyReportOptions struct {
	verify, log      string
	session, gateway string
	dataDir, out     string
	outOfScope       []string
	asJSON           bool
}

func certifyReport() config.Command {
	var o certifyReportOptions
	return config.Command{
		Path: "certify report", Group: groupCertify,
		Short: "Report on a guided session, or check a report",
		Long: `With --session: how the certification of a guided session stands, from what the
gateway keeps in its data directory, whether it runs or not. --out writes what
certify grade writes, and messages.log, of which it is derived.

With --verify: anybody who has the report and the log can check the one against
the other. Each line of the log is a link of a chain of hashes that the report
holds, and the report is derived from the log bit for bit. Exit 7: something was
changed, and where, or not certified; 4: a file is not there; 1: one cannot be
read, or is no report.`,
		Examples: `gateway certify report --session DEMO3 --data-dir gateway-data --out acme
gateway certify report --verify acme/report.json --log acme/messages.log`,
		Flags: func(f *config.Flags) {
			f.StringVar(&o.session, "session", "", "CompID of a guided client")
			f.StringVar(&o.gateway, "gateway", "", "CompID of the gateway, if it cannot be told from the first Logon")
			f.StringVar(&o.dataDir, "data-dir", "gateway-data", "data `DIR` of the gateway")
			f.StringVar(&o.out, "out", "", "write the report and its log into `DIR`")
			f.StringSliceVar(&o.outOfScope, "out-of-scope", nil, "`IDS` of checks that do not apply to this client")
			f.StringVar(&o.verify, "verify", "", "`FILE` of a report (report.json)")
			f.StringVar(&o.log, "log", "", "`FILE` with the messages that it was derived from")
			jsonFlag(f, &o.asJSON)
		},
		Run: func(_ context.Context, env *config.Env, _ []string) int { return o.run(env) },
	}
}

func (o *certifyReportOptions) run(env *config.Env) int {
	switch {
	case o.session != "" && o.verify == "" && o.log == "":
		return o.guided(env)
	case o.session == "" && o.verify != "" && o.log != "":
		return verifyReport(env, o.verify, o.log)
	}
	return env.Fail(config.ExitUsage, errors.New("certify report: either --session, or --verify and --log"), "`gateway certify report --help` shows examples")
}

// guided reports on a session of a data directory. The log may go on growing, so
// what is judged is a copy, which stays beside the report.
func (o *certifyReportOptions) guided(env *config.Env) int {
	if filepath.Base(o.session) != o.session {
		return env.Fail(config.ExitUsage, fmt.Errorf("--session: %q is no CompID", o.session))
	}
	text, err := os.ReadFile(guidedLog(o.dataDir, o.session))
	if errors.Is(err, fs.ErrNotExist) {
		return env.Fail(config.ExitNotFound, err, "a session is guided with guided = true; demo --cert guides "+strings.Join(demoClients[certAlone:], " and "),
			"name the data directory of the gateway with --data-dir")
	}
	if err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	g := gradeOptions{source: string(certify.OfGateway), session: o.session, gateway: o.gateway, out: o.out, outOfScope: o.outOfScope, asJSON: o.asJSON}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // The last line may be half written.
	dir := o.out
	if dir == "" {
		if dir, err = os.MkdirTemp("", "backstop-report-*"); err != nil {
			return env.Fail(config.ExitFailure, err)
		}
		defer os.RemoveAll(dir)
	}
	g.log = filepath.Join(dir, messagesName)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	if err := os.WriteFile(g.log, text, 0o600); err != nil {
		return env.Fail(config.ExitFailure, err)
	}
	return g.run(env)
}

func verifyReport(env *config.Env, path, log string) int {
	f, err := os.Open(path)
	if err != nil {
		return env.Fail(config.ExitNotFound, fmt.Errorf("reading the report: %w", err), "certify grade --out writes one")
	}
	text, err := io.ReadAll(io.LimitReader(f, reportMax))
	if err = errors.Join(err, f.Close()); err != nil {
		return env.Fail(config.ExitFailure, fmt.Errorf("reading the report: %w", err))
	}
	err = certify.Verify(text, func(source certify.Source, client, gateway string) (*certify.Log, error) {
		return readLog(log, source, client, gateway)
	})
	var changed *certify.Changed
	switch {
	case errors.As(err, &changed):
		return env.Fail(config.ExitCheck, err)
	case err != nil:
		return failLog(env, err)
	}
	return env.Print("the report is what the log says\n")
}
