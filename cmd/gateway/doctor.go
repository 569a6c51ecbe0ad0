package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"backstop/config"
	"backstop/ops"
	"backstop/perp"
	"backstop/store"
)

// What a check of doctor comes to.
const (
	isOK      = "ok"
	isWarning = "warning" // a gateway runs all the same
	isFailed  = "failed"
)

// Bounds of the checks of doctor.
const (
	diskSpare  = 64 << 20              // bytes that have to be free besides the write-ahead log
	syncSlow   = 20 * time.Millisecond // each batch of orders waits for one sync
	behindMost = time.Second           // by which a clock may be behind the journal
	askFor     = 5 * time.Second       // longest wait for a gateway that runs
)

// symptom is what one check found.
type symptom struct {
	Check string `json:"check"`
	State string `json:"state"`
	What  string `json:"what"`
	Hint  string `json:"hint,omitempty"`
}

// doctor looks at where a gateway is to run, or runs.
type doctor struct {
	machine machine
	file    string
	cfg     *config.Config
	running bool // a gateway holds the data directory
	found   []symptom
}

// machine is what doctor asks of the machine; tests have others.
type machine struct {
	now    func() time.Time
	space  func(dir string) (room, error)
	sync   func(dir string) (time.Duration, error)
	timed  func() (synchronised, known bool)
	listen func(addr string) error
}

// room is what a file system has: bytes that are free for us, and whether they are
// memory, so that nothing stays when the machine stops.
type room struct {
	free   int64
	memory bool
}

func thisMachine() machine {
	return machine{now: time.Now, space: spaceIn, sync: syncIn, timed: clockTimed, listen: listens}
}

func (d *doctor) note(check, state, what string, hint ...string) {
	d.found = append(d.found, symptom{check, state, what, strings.Join(hint, "; ")})
}

func (d *doctor) count(state string) (n int) {
	for _, f := range d.found {
		if f.State == state {
			n++
		}
	}
	return n
}

// examine does every check. Without a configuration there is nothing to look for, so
// that comes first. The error is about the flags.
func (d *doctor) examine(ctx context.Context, o overrides) error {
	d.file = o.config
	if !d.configuration() {
		return nil
	}
	if err := o.apply(d.cfg); err != nil {
		return err
	}
	d.gateway(ctx)
	if at, ok := d.data(); ok {
		d.disk(at)
		d.syncs(at)
	}
	d.port("fix port", d.cfg.Fix.Listen)
	if d.cfg.Server.Dashboard != "" {
		d.port("http port", d.cfg.Server.Dashboard)
	}
	d.clock()
	d.certificate()
	d.feeds()
	d.books()
	return nil
}

func (d *doctor) configuration() bool {
	const check = "config"
	var faults *config.Problems
	var err error
	switch d.cfg, err = config.Load(d.file); {
	case errors.Is(err, fs.ErrNotExist):
		d.note(check, isFailed, "there is no configuration "+d.file, fmt.Sprintf("`gateway config init --output %s` writes one that runs as it is", d.file))
	case errors.As(err, &faults):
		first := faults.List[0]
		d.note(check, isFailed, fmt.Sprintf("%s, the first: %s:%d:%d: %s", count(len(faults.List), "fault"), d.file, first.Line, first.Col, first.What),
			fmt.Sprintf("`gateway config validate %s` names all of them", d.file))
	case err != nil:
		d.note(check, isFailed, err.Error())
	default:
		d.note(check, isOK, d.file+": "+summary(d.cfg))
		for _, w := range d.cfg.Warnings {
			d.note(check, isWarning, fmt.Sprintf("%s:%d:%d: %s", d.file, w.Line, w.Col, w.What), w.Hint)
		}
	}
	return err == nil
}

// gateway finds out whether one runs on the data directory, and how it is.
func (d *doctor) gateway(ctx context.Context) {
	const check = "gateway"
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	var knocks any
	switch err := ops.ReadDesk(ctx, filepath.Join(d.cfg.Server.DataDir, adminSocket), "knocks", &knocks); {
	case errors.Is(err, ops.ErrNoDesk):
		d.note(check, isOK, "none runs on this data directory")
		return
	case err != nil:
		d.running = true
		d.note(check, isFailed, "one runs, and does not answer at its admin socket: "+err.Error())
		return
	}
	d.running = true
	at := d.cfg.Server.Dashboard
	if at == "" {
		d.note(check, isOK, "one runs; without an HTTP port it is not asked how it is")
		return
	}
	switch status, _, err := askStatus(ctx, at, askFor); {
	case err != nil:
		d.note(check, isWarning, "one runs, and does not answer at "+at, "if it was started with another HTTP port, name it with --http")
	case !status.Ready:
		d.note(check, isFailed, "one runs, and is not ready: "+strings.Join(status.Warnings, "; "), "gateway status shows more")
	default:
		d.note(check, isOK, fmt.Sprintf("one runs and is ready, up %s, version %s", time.Duration(status.Uptime)*time.Second, status.Version))
		for _, w := range status.Warnings {
			d.note(check, isWarning, w, "gateway status shows more")
		}
	}
}

// data looks at who may do what with the data directory. Where there is none yet, what
// is checked, and returned, is the directory in which it will be made.
func (d *doctor) data() (at string, ok bool) {
	const check = "data"
	dir, err := filepath.Abs(d.cfg.Server.DataDir)
	var info fs.FileInfo
	if err == nil {
		at, info, err = standing(dir)
	}
	switch {
	case err != nil:
		d.note(check, isFailed, err.Error())
		return at, false
	case !info.IsDir():
		d.note(check, isFailed, at+" is no directory", "name another one with server.data_dir")
		return at, false
	}
	if err := syscall.Access(at, 7); err != nil { // read, write and enter
		d.note(check, isFailed, fmt.Sprintf("%s: %v for this user", at, err), "run this as the user that the gateway runs as; chown the directory to it")
		return at, false
	}
	if at != dir {
		d.note(check, isOK, dir+" is made at the first start, for its owner alone")
		return at, true
	}
	before := len(d.found)
	d.modes(check, dir, info.Mode().Perm())
	if len(d.found) == before {
		d.note(check, isOK, dir+" is its owner's alone and can be written")
	}
	return at, true
}

// modes looks at what others may do with the directory and with the database.
func (d *doctor) modes(check, dir string, mode fs.FileMode) {
	switch {
	case mode&0o022 != 0:
		d.note(check, isFailed, fmt.Sprintf("%s has mode %04o: others may write there", dir, mode), "chmod 700 "+dir)
	case mode&0o077 != 0:
		d.note(check, isWarning, fmt.Sprintf("%s has mode %04o: others may look into it", dir, mode), "chmod 700 "+dir)
	}
	for _, name := range []string{store.DBName, store.DBName + "-wal", store.DBName + "-shm"} {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			d.note(check, isFailed, err.Error())
		case info.Mode().Perm()&0o077 != 0:
			d.note(check, isFailed, fmt.Sprintf("%s has mode %04o: others may read it", path, info.Mode().Perm()), "chmod 600 "+path)
		case syscall.Access(path, 6) != nil: // read and write
			d.note(check, isFailed, path+" belongs to another user", "run this as the user that the gateway runs as; chown the file to it")
		}
	}
}

// standing is the directory, or the nearest above it that there is.
func standing(dir string) (at string, info fs.FileInfo, err error) {
	for at = dir; ; at = filepath.Dir(at) {
		if info, err = os.Stat(at); !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return at, info, err
		}
	}
}

// disk looks at the room. What the gateway cannot write it does not say, and ends.
func (d *doctor) disk(at string) {
	const check = "disk"
	has, err := d.machine.space(at)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		d.note(check, isOK, "how much is free cannot be told on this system")
		return
	case err != nil:
		d.note(check, isFailed, fmt.Sprintf("room at %s: %v", at, err))
		return
	}
	database := int64(0)
	if info, err := os.Stat(filepath.Join(d.cfg.Server.DataDir, store.DBName)); err == nil {
		database = info.Size()
	}
	least := int64(d.cfg.Store.WALAlarm)<<20 + diskSpare
	room := fmt.Sprintf("%s free at %s", mebibytes(has.free), at)
	switch {
	case has.free < least:
		d.note(check, isFailed, fmt.Sprintf("%s, at least %s are wanted", room, mebibytes(least)), "a gateway whose disk is full ends; make room, or use another disk")
	case has.memory:
		d.note(check, isWarning, room+", which is memory: all is lost when the machine stops", "name a directory on a disk with server.data_dir")
	case has.free < least+database:
		d.note(check, isWarning, fmt.Sprintf("%s, the database has %s: a backup does not fit beside it", room, mebibytes(database)), "make room, or put backups elsewhere")
	default:
		d.note(check, isOK, fmt.Sprintf("%s, the database has %s", room, mebibytes(database)))
	}
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

// syncs looks at how long it takes until what was written is there to stay.
func (d *doctor) syncs(at string) {
	const check = "sync"
	switch took, err := d.machine.sync(at); {
	case err != nil:
		d.note(check, isFailed, err.Error(), "nothing is said to a client before it is synced")
	case took > syncSlow:
		d.note(check, isWarning, fmt.Sprintf("half of the syncs take more than %v; each batch of orders waits for one", took.Round(time.Millisecond)), "use a faster disk for server.data_dir")
	default:
		d.note(check, isOK, fmt.Sprintf("half of the syncs take at most %v", took.Round(time.Microsecond)))
	}
}

// syncsTried is how many syncs are timed.
const syncsTried = 21

// syncIn writes and syncs a file of its own as a commit does, and returns the median
// of the times.
func syncIn(dir string) (median time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	page := make([]byte, 4096)
	took := make([]time.Duration, 0, syncsTried)
	for range syncsTried {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// port looks whether an address can be listened at, or is, by the gateway that runs.
func (d *doctor) port(check, addr string) {
	_, number, err := net.SplitHostPort(addr)
	if err == nil && number == "0" {
		d.note(check, isOK, addr+": a free one is taken at the start")
		return
	}
	switch err := d.machine.listen(addr); {
	case err == nil && d.running:
		d.note(check, isWarning, addr+" is free, though a gateway runs on this data directory", "was it started with another address? name it with --fix or --http")
	case err == nil:
		d.note(check, isOK, addr+" is free")
	case errors.Is(err, syscall.EADDRINUSE) && d.running:
		d.note(check, isOK, addr+" is in use, as a gateway runs")
	case errors.Is(err, syscall.EADDRINUSE):
		d.note(check, isFailed, addr+" is in use, and not by a gateway on this data directory", "end what uses it, or choose another port")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		d.note(check, isFailed, addr+" is no address of this machine", "choose one that `ip address` shows")
	case errors.Is(err, syscall.EACCES):
		d.note(check, isFailed, addr+" may not be listened at by this user", "choose a port from 1024 on")
	default:
		d.note(check, isFailed, err.Error())
	}
}

func listens(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return l.Close()
}

// clock looks whether something keeps the clock in time; books tells whether it is
// behind the journal.
func (d *doctor) clock() {
	const check = "clock"
	now := d.machine.now().UTC().Format(time.RFC3339)
	switch synchronised, known := d.machine.timed(); {
	case !known:
		d.note(check, isOK, now+"; whether something keeps it in time cannot be told here")
	case !synchronised:
		d.note(check, isWarning, now+", and nothing keeps it in time",
			fmt.Sprintf("run chrony or another NTP client: who is more than %v off may not log on, and prices are judged by their age", d.cfg.Fix.MaxClockSkew))
	default:
		d.note(check, isOK, now+", kept in time")
	}
}

// certificate says until when it is good. Dates that are over, or nearly, are in the
// check of the configuration.
func (d *doctor) certificate() {
	const check = "certificate"
	if d.cfg.Fix.TLS.Pair == nil {
		d.note(check, isOK, "none: the FIX port is for this machine alone")
		return
	}
	leaf := d.cfg.Fix.TLS.Pair.Leaf
	d.note(check, isOK, fmt.Sprintf("good until %s, for another %d days", leaf.NotAfter.UTC().Format(time.DateOnly), int(leaf.NotAfter.Sub(d.machine.now()).Hours()/24)))
}

// feeds opens the sources of prices as a start does: a file is read through.
func (d *doctor) feeds() {
	const check = "feeds"
	if _, err := openFeeds(d.cfg); err != nil {
		d.note(check, isFailed, err.Error())
		return
	}
	var kinds []string
	for _, f := range d.cfg.Feeds {
		kinds = append(kinds, f.Kind+" for "+strings.Join(f.Symbols, ", "))
	}
	d.note(check, isOK, strings.Join(kinds, "; "))
}

// books opens the database and adds up what a gateway checks once a minute.
func (d *doctor) books() {
	const check = "books"
	const hint = "restore a backup; keep this data directory for the investigation"
	r, err := store.OpenReadOnly(d.cfg.Server.DataDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.note(check, isOK, "none yet; the first start makes them")
		return
	case errors.Is(err, store.ErrDamaged):
		d.note(check, isFailed, err.Error(), hint)
		return
	case err != nil:
		d.note(check, isFailed, err.Error())
		return
	}
	seq, last, err := lastOf(r)
	var found []store.Difference
	caught := false
	if err == nil {
		found, caught, err = store.NewAuditor(r).Check()
	}
	switch err = errors.Join(err, r.Close()); {
	case err != nil:
		d.note(check, isFailed, err.Error(), hint)
		return
	case len(found) > 0:
		d.note(check, isFailed, fmt.Sprintf("%s, the first: %s", count(len(found), "difference"), found[0]), "gateway ledger verify names all of them", hint)
		return
	}
	what := count(int(seq), "command") + ", and every sum is zero"
	if !caught {
		what += "; not all of the history was added up: gateway ledger verify does"
	}
	d.note(check, isOK, what)
	if behind := last.Sub(d.machine.now()); behind > behindMost {
		d.note("clock", isFailed, fmt.Sprintf("it is %v behind the last command of the journal", behind.Round(time.Second)),
			"time stands still in the gateway until it has caught up; set the clock")
	}
}

// lastOf is the number and the time of the last command of a journal.
func lastOf(r *store.Reader) (seq int64, at time.Time, err error) {
	if seq, err = r.LastSeq(); err != nil || seq == 0 {
		return seq, at, err
	}
	err = r.Replay(seq, func(e perp.Entry) error {
		at = time.Unix(0, int64(e.Time))
		return nil
	})
	return seq, at, err
}
