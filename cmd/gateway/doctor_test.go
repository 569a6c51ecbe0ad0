package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"backstop/config"
	"backstop/perp"
	"backstop/store"
)

// ward is a place for a gateway that has run there, with nothing wrong.
type ward struct {
	t       *testing.T
	dir     string // data directory
	file    string
	text    string // of the configuration
	flags   overrides
	machine machine
}

// newWard: the place is on the test's disk, the machine is made up.
func newWard(t *testing.T) *ward {
	t.Helper()
	at := t.TempDir()
	w := &ward{t: t, dir: filepath.Join(at, "data"), file: filepath.Join(at, "gateway.toml")}
	w.text = config.Default()
	w.replace(`"gateway-data"`, `"data"`)
	w.replace(`"127.0.0.1:8080"`, `""`)
	w.replace(`"plain:demo"`, `"env:DOCTOR_SECRET"`)
	t.Setenv("DOCTOR_SECRET", "a long enough secret")
	w.flags.config = w.file
	w.machine = machine{
		now:    time.Now,
		space:  func(string) (room, error) { return room{free: 1 << 40}, nil },
		sync:   func(string) (time.Duration, error) { return time.Millisecond, nil },
		timed:  func() (bool, bool) { return true, true },
		listen: func(string) error { return nil },
	}
	return w
}

func (w *ward) replace(old, with string) {
	w.t.Helper()
	if !strings.Contains(w.text, old) {
		w.t.Fatalf("the configuration has no %s", old)
	}
	w.text = strings.Replace(w.text, old, with, 1)
}

// runs has a gateway run there, without prices, until it is stopped.
func (w *ward) runs() *app {
	w.t.Helper()
	w.write()
	cfg, err := config.Load(w.file)
	if err != nil {
		w.t.Fatal(err)
	}
	cfg.Fix.Listen, cfg.Server.Dashboard = "127.0.0.1:0", "127.0.0.1:0"
	a, err := start(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// ranOnce is the database of a gateway that has run for a moment.
func ranOnce(t *testing.T) []byte {
	t.Helper()
	w := newWard(t)
	w.must(w.runs().stop(true))
	database, err := os.ReadFile(filepath.Join(w.dir, store.DBName))
	w.must(err)
	return database
}

func (w *ward) write() {
	w.t.Helper()
	if err := os.WriteFile(w.file, []byte(w.text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// wrong is what doctor finds to be wrong, one a line.
func (w *ward) wrong() string {
	w.t.Helper()
	w.write()
	d := doctor{machine: w.machine}
	if err := d.examine(context.Background(), w.flags); err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, f := range d.found {
		if f.State != isOK {
			all = append(all, f.State+" "+f.Check+": "+f.What)
		}
	}
	return strings.Join(all, "\n")
}

// TestDoctorFindsEachFault: where all is well nothing is said to be wrong, before the
// first start and after it. Each fault is found by its check and by no other, and is
// not taken for less than it is.
func TestDoctorFindsEachFault(t *testing.T) {
	refused := func(err error) func(string) error {
		return func(string) error { return &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", err)} }
	}
	database := ranOnce(t)
	for _, c := range []struct {
		name  string
		fault func(w *ward)
		want  string // how each line of what is wrong begins
	}{
		{"nothing", func(*ward) {}, ""},
		{"no configuration", func(w *ward) { w.flags.config += ".not" }, "failed config: there is no configuration"},
		{"a fault in it", func(w *ward) { w.replace("\ntick ", "\ntik ") }, "failed config: 2 faults, the first: " + "FILE:"},
		{"a secret in it", func(w *ward) { w.replace(`"env:DOCTOR_SECRET"`, `"plain:demo"`) }, "warning config: FILE:"},
		{"a feed without its file", func(w *ward) { w.prices("") }, "failed config: "},
		{"a feed that is none", func(w *ward) { w.prices("no prices\n") }, "failed feeds: "},
		{"a file in its place", func(w *ward) { w.must(os.Rename(w.dir, w.dir+".old"), os.WriteFile(w.dir, nil, 0o600)) }, "failed data: DIR is no directory\nfailed books: "},
		{"others may write", func(w *ward) { w.must(os.Chmod(w.dir, 0o770)) }, "failed data: DIR has mode 0770: others may write there"},
		{"others may look", func(w *ward) { w.must(os.Chmod(w.dir, 0o755)) }, "warning data: DIR has mode 0755: others may look into it"},
		{"others may read the books", func(w *ward) { w.must(os.Chmod(filepath.Join(w.dir, store.DBName), 0o640)) }, "failed data: DIR/gateway.db has mode 0640"},
		{"a full disk", func(w *ward) { w.room(room{free: 127 << 20}) }, "failed disk: 127 MiB free at DIR, at least 128 MiB are wanted"},
		{"little room", func(w *ward) { w.room(room{free: 128 << 20}) }, "warning disk: 128 MiB free at DIR, the database has "},
		{"no disk", func(w *ward) { w.room(room{free: 1 << 40, memory: true}) }, "warning disk: 1048576 MiB free at DIR, which is memory"},
		{"room that cannot be told", func(w *ward) { w.machine.space = func(string) (room, error) { return room{}, errors.ErrUnsupported } }, ""},
		{"a disk that fails", func(w *ward) { w.syncs(0, syscall.EIO) }, "failed sync: input/output error"},
		{"a slow disk", func(w *ward) { w.syncs(21*time.Millisecond, nil) }, "warning sync: half of the syncs take more than 21ms"},
		{"a port in use", func(w *ward) { w.machine.listen = refused(syscall.EADDRINUSE) }, "failed fix port: 127.0.0.1:9878 is in use, and not by"},
		{"both ports in use", func(w *ward) { w.flags.http, w.machine.listen = "127.0.0.1:8080", refused(syscall.EADDRINUSE) }, "failed fix port: \nfailed http port: 127.0.0.1:8080 is in use"},
		{"any port will do", func(w *ward) { w.flags.fix, w.machine.listen = "127.0.0.1:0", refused(syscall.EADDRINUSE) }, ""},
		{"no such address", func(w *ward) { w.machine.listen = refused(syscall.EADDRNOTAVAIL) }, "failed fix port: 127.0.0.1:9878 is no address of this machine"},
		{"a port of others", func(w *ward) { w.machine.listen = refused(syscall.EACCES) }, "failed fix port: 127.0.0.1:9878 may not be listened at"},
		{"a clock that nothing keeps", func(w *ward) { w.machine.timed = func() (bool, bool) { return false, true } }, "warning clock: "},
		{"a clock that cannot be told", func(w *ward) { w.machine.timed = func() (bool, bool) { return false, false } }, ""},
		{"a clock that went back", func(w *ward) { w.machine.now = func() time.Time { return time.Now().Add(-time.Hour) } }, "failed clock: it is "},
		{"books that differ", func(w *ward) { w.payFromNowhere() }, "failed books: 1 difference, the first: sum of funding F-1"},
		{"no database", func(w *ward) {
			w.must(os.WriteFile(filepath.Join(w.dir, store.DBName), []byte(strings.Repeat("not a database\n", 99)), 0o600))
		}, "failed books: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWard(t)
			w.must(os.Mkdir(w.dir, 0o700), os.WriteFile(filepath.Join(w.dir, store.DBName), database, 0o600))
			c.fault(w)
			got, want := strings.Split(w.wrong(), "\n"), strings.Split(strings.NewReplacer("FILE", w.file, "DIR", w.dir).Replace(c.want), "\n")
			if len(got) != len(want) {
				t.Fatalf("found %q, want %q", got, want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], want[i]) || want[i] == "" && got[i] != "" {
					t.Errorf("found %q, want %q", got[i], want[i])
				}
			}
		})
	}
}

// TestDoctorBeforeTheFirstStart: nothing is there yet, and nothing is wrong with that;
// what will be made is looked for where it will be, and nothing is left behind.
func TestDoctorBeforeTheFirstStart(t *testing.T) {
	w := newWard(t)
	w.machine.sync = syncIn
	if wrong := w.wrong(); wrong != "" {
		t.Errorf("found %q", wrong)
	}
	left, err := os.ReadDir(filepath.Dir(w.dir))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	w.machine.space = func(dir string) (room, error) {
		if dir != filepath.Dir(w.dir) {
			t.Errorf("room was looked for at %s", dir)
		}
		return room{}, nil
	}
	if wrong := w.wrong(); !strings.HasPrefix(wrong, "failed disk: 0 MiB free") {
		t.Errorf("found %q", wrong)
	}
}

// TestDoctorBesideAGateway: its ports are in use, and have to be; it is asked how it is.
func TestDoctorBesideAGateway(t *testing.T) {
	w := newWard(t)
	a := w.runs()
	defer func() { w.must(a.stop(true)) }()
	w.machine.listen = listens
	w.flags.fix, w.flags.http = a.door.Addr().String(), a.page.Addr().String()
	if wrong := w.wrong(); !strings.HasPrefix(wrong, "failed gateway: one runs, and is not ready: ") || strings.Contains(wrong, "\n") {
		t.Errorf("without prices: found %q", wrong)
	}
	w.flags = overrides{config: w.file} // The file's ports are not those that it was started with.
	w.machine.listen = func(string) error { return nil }
	if wrong := w.wrong(); !strings.HasPrefix(wrong, "warning fix port: 127.0.0.1:9878 is free, though a gateway runs") || strings.Contains(wrong, "\n") {
		t.Errorf("with other ports: found %q", wrong)
	}
}

// TestThisMachine: what is asked of it answers, here.
func TestThisMachine(t *testing.T) {
	m, dir := thisMachine(), t.TempDir()
	if has, err := m.space(dir); err != nil || has.free <= 0 {
		t.Errorf("room: %+v, %v", has, err)
	}
	if took, err := m.sync(dir); err != nil || took <= 0 {
		t.Errorf("sync: %v, %v", took, err)
	}
	if _, err := m.sync(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("nothing was synced where nothing is")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.listen(l.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port in use: %v", err)
	}
	addr := l.Addr().String()
	if err := errors.Join(l.Close(), m.listen(addr)); err != nil {
		t.Errorf("a free port: %v", err)
	}
}

// TestDoctorReadsTheCertificate: until when it is good, by the day.
func TestDoctorReadsTheCertificate(t *testing.T) {
	until := time.Date(2026, 7, 31, 12, 0, 0, 0, time.UTC)
	w := newWard(t)
	w.machine.now = func() time.Time { return until.Add(-49 * time.Hour) }
	d := doctor{machine: w.machine, cfg: &config.Config{}}
	d.certificate()
	d.cfg.Fix.TLS.Pair = &tls.Certificate{Leaf: &x509.Certificate{NotAfter: until}}
	d.certificate()
	for i, want := range []string{"none: the FIX port is for this machine alone", "good until 2026-07-31, for another 2 days"} {
		if got := d.found[i]; got.State != isOK || got.What != want {
			t.Errorf("found %+v, want %q", got, want)
		}
	}
}

func (w *ward) must(errs ...error) {
	w.t.Helper()
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ward) room(r room) { w.machine.space = func(string) (room, error) { return r, nil } }

func (w *ward) syncs(took time.Duration, err error) {
	w.machine.sync = func(string) (time.Duration, error) { return took, err }
}

// payFromNowhere has somebody receive funding that nobody paid.
func (w *ward) payFromNowhere() {
	w.t.Helper()
	s, err := store.Open(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	e := perp.Entry{
		Seq: s.LastSeq() + 1, Time: perp.Time(time.Now().UnixNano()), Source: "clock", Kind: "ClockTick", Payload: []byte("{}"),
		Events: []perp.Event{perp.FundingPaid{FundingID: "F-1", Account: "DEMO1", Symbol: "BTC-PERP", Payment: 5}},
	}
	w.must(s.Commit(perp.Batch{Entries: []perp.Entry{e}}), s.Close())
}

// prices has the first market priced by a file with this in it; empty: no such file.
func (w *ward) prices(text string) {
	w.t.Helper()
	from := strings.Index(w.text, "[[feed]]")
	if from < 0 {
		w.t.Fatal("the configuration has no feed")
	}
	w.text = w.text[:from]
	file := filepath.Join(filepath.Dir(w.file), "prices.csv")
	for _, s := range []string{"BTC-PERP", "ETH-PERP", "SOL-PERP"} {
		w.text += "[[feed]]\nkind = \"file\"\npath = \"" + file + "\"\nsymbols = [\"" + s + "\"]\n"
	}
	if text != "" {
		w.must(os.WriteFile(file, []byte(text), 0o600))
	}
}
