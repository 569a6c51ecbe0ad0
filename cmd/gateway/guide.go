package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"backstop/certify"
	"backstop/config"
	"backstop/fix"
)

// Bounds of a guided certification.
const (
	guidedBytesMax = 128 << 20              // of the log of one session
	guidedPause    = 250 * time.Millisecond // between two looks at the logs, and so between two News
)

// guidedDir is where the logs of guided sessions are, in the data directory.
const guidedDir = "certify"

// guidedLog is where the log of one session is. A CompID is a name, which the
// configuration has checked.
func guidedLog(dataDir, session string) string {
	return filepath.Join(dataDir, guidedDir, session+".log")
}

// guides write what guided sessions say into logs, judge these and tell the clients.
// The log is all that there is: what judges reads it from the disk, so whoever talks
// never waits for a judge, nothing is lost between the two, and after a restart all
// stands as before.
type guides struct {
	log  *slog.Logger
	tell func(session, headline string, lines []string, now time.Time) bool
	of   map[string]*guideOf
	all  []*guideOf // in the order of the configuration
	kick chan struct{}
	done sync.WaitGroup
	quit context.CancelFunc
}

// guideOf is the guide of one session.
type guideOf struct {
	session, gateway, path string

	mu     sync.Mutex // guards these four, for who writes
	file   *os.File
	bytes  int64
	lines  int
	closed string // why no more is written

	guide  *certify.Guide // these belong to who judges
	read   int64          // bytes of the log that were judged
	unsaid []string
	shut   bool // the client has to be told that the log is closed, or was
}

// newGuides opens the logs of the sessions that are guided; nil if none is.
func newGuides(cfg *config.Config, log *slog.Logger) (*guides, error) {
	g := &guides{log: log, of: map[string]*guideOf{}, kick: make(chan struct{}, 1)}
	for _, s := range cfg.Sessions {
		if !s.Guided {
			continue
		}
		one, err := openGuide(cfg.Server.DataDir, s)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("certification log of %s: %w", s.CompID, err), g.close())
		}
		g.of[s.CompID] = one
		g.all = append(g.all, one)
	}
	if len(g.all) == 0 {
		return nil, nil
	}
	return g, nil
}

// openGuide opens a log to go on with it. A line that a crash has cut ends there.
func openGuide(dataDir string, s config.Session) (*guideOf, error) {
	g := &guideOf{session: s.CompID, gateway: s.OurCompID, path: guidedLog(dataDir, s.CompID), guide: certify.NewGuide(s.CompID, s.OurCompID)}
	if err := os.MkdirAll(filepath.Dir(g.path), 0o700); err != nil {
		return nil, err
	}
	var err error
	if g.file, err = os.OpenFile(g.path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	last := "\n"
	err = eachLine(g.file, func(line string) {
		g.bytes += int64(len(line))
		g.lines++
		last = line
	})
	if err == nil && !strings.HasSuffix(last, "\n") {
		_, err = g.file.WriteString("\n")
		g.bytes++
	}
	if err == nil {
		_, err = g.judge(g.bytes)
		g.unsaid = nil // It was told before the restart, or is at the next Logon.
	}
	if err != nil {
		return nil, errors.Join(err, g.file.Close())
	}
	return g, nil
}

// eachLine calls fn for each line with its end, which the last may lack.
func eachLine(r io.Reader, fn func(line string)) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			fn(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// overhear writes a message into the log of its session.
func (g *guides) overhear(session string, at time.Time, message []byte) {
	one := g.of[session]
	if one == nil {
		return
	}
	if why := one.write(at, message); why != "" {
		g.log.Warn("certification log closed", "session", session, "reason", why)
	}
	select {
	case g.kick <- struct{}{}:
	default: // Somebody will look.
	}
}

// write returns why the log is closed if that has just happened.
func (g *guideOf) write(at time.Time, message []byte) (closed string) {
	line := at.UTC().Format("20060102-15:04:05.000000") + " : " + strings.ReplaceAll(string(message), "\n", " ") + "\n"
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed != "":
		return ""
	case g.bytes+int64(len(line)) > guidedBytesMax || g.lines >= certify.LinesMax:
		g.closed = "the log is full"
		return g.closed
	}
	n, err := g.file.WriteString(line)
	g.bytes += int64(n)
	g.lines++
	if err != nil {
		g.closed = "the log cannot be written: " + err.Error()
	}
	return g.closed
}

// start begins to judge; tell says something to a client.
func (g *guides) start(tell func(session, headline string, lines []string, now time.Time) bool) {
	g.tell = tell
	var ctx context.Context
	ctx, g.quit = context.WithCancel(context.Background())
	g.done.Go(func() { g.run(ctx) })
}

// run looks at the logs when something was said, and again while somebody could not
// be told, with a pause after each look.
func (g *guides) run(ctx context.Context) {
	pause := time.NewTicker(guidedPause)
	defer pause.Stop()
	for more := false; ; {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		if !more {
			select {
			case <-g.kick:
			case <-ctx.Done():
				return
			}
		}
		more = false
		for _, one := range g.all {
			more = g.look(one) || more
		}
	}
}

// look judges what is new of one session and tells it; it reports whether something
// is left to say.
func (g *guides) look(one *guideOf) (more bool) {
	one.mu.Lock()
	upTo, closed := one.bytes, one.closed
	one.mu.Unlock()
	welcome, err := one.judge(upTo)
	if err == nil && welcome {
		err = one.welcome()
	}
	if err != nil {
		g.log.Warn("certification log", "session", one.session, "error", err)
	}
	if closed != "" && !one.shut {
		one.shut = true
		one.unsaid = append(one.unsaid, "CLOSED nothing more is judged: "+closed)
	}
	if len(one.unsaid) == 0 {
		return false
	}
	now := one.unsaid[:min(len(one.unsaid), fix.GuideLines)] // The rest comes with the next News.
	if g.tell(one.session, headline(now[0]), now, time.Now()) {
		one.unsaid = one.unsaid[len(now):]
	}
	return len(one.unsaid) > 0
}

// headline is what the first line is about: "PASSED C01".
func headline(line string) string {
	words := strings.Fields(line)
	return strings.Join(words[:min(len(words), 2)], " ")
}

// judge reads the log up to a byte. It reports whether the client has come in.
func (g *guideOf) judge(upTo int64) (welcome bool, err error) {
	if g.read >= upTo {
		return false, nil
	}
	err = eachLine(io.NewSectionReader(g.file, g.read, upTo-g.read), func(line string) {
		if g.guide.See(line) {
			welcome = true
		}
	})
	g.read = upTo
	lines := g.guide.Lines()
	if g.unsaid = append(g.unsaid, lines...); len(g.unsaid) > unsaidMax {
		g.unsaid = g.unsaid[len(g.unsaid)-unsaidMax:]
	}
	return welcome, err
}

// unsaidMax is how many lines wait for a client that is away: those of the last
// Logon's welcome at most, as the next one says all anew.
const unsaidMax = 40

// welcome says how all stands to a client that has come in.
func (g *guideOf) welcome() error {
	report, err := guidedReport(g.path, g.session, g.gateway, nil)
	if err != nil {
		return err
	}
	g.guide.Welcome(report)
	g.unsaid, g.shut = g.guide.Lines(), false
	return nil
}

// guidedReport judges the log of a session as it is now.
func guidedReport(path, session, gateway string, outOfScope []string) (*certify.Report, error) {
	l, err := readLog(path, certify.OfGateway, session, gateway)
	if err != nil {
		return nil, err
	}
	return certify.NewReport(l, outOfScope)
}

// stop ends the judging and closes the logs.
func (g *guides) stop() error {
	if g == nil {
		return nil
	}
	if g.quit != nil {
		g.quit()
		g.done.Wait()
	}
	return g.close()
}

func (g *guides) close() error {
	var errs []error
	for _, one := range g.all {
		one.mu.Lock()
		one.closed = "the gateway has stopped"
		errs = append(errs, one.file.Close())
		one.mu.Unlock()
	}
	return errors.Join(errs...)
}
