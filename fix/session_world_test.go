package fix

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"backstop/perp"
)

// disk is the store of these tests: what was committed.
type disk struct {
	mu       sync.Mutex
	sessions map[string]perp.SessionWrite
	messages map[string][]perp.WireMessage // by session and epoch
	entries  []perp.Entry
	accounts map[string]int64 // events told
}

func newDisk() *disk {
	return &disk{sessions: map[string]perp.SessionWrite{}, messages: map[string][]perp.WireMessage{}, accounts: map[string]int64{}}
}

func epochKey(session string, epoch int64) string { return fmt.Sprint(session, "/", epoch) }

func (k *disk) commit(entries []perp.Entry, writes []perp.SessionWrite) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries = append(k.entries, entries...)
	for _, w := range writes {
		key := epochKey(w.Session, w.Epoch)
		k.messages[key] = append(k.messages[key], w.Messages...)
		w.Messages = nil
		w.Signatures = append(k.sessions[w.Session].Signatures, w.Signatures...)
		k.sessions[w.Session] = w
	}
}

func (k *disk) session(name string) perp.SessionWrite {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sessions[name]
}

func (k *disk) kept(session string, epoch int64) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.messages[epochKey(session, epoch)])
}

func (k *disk) known() (all []perp.SessionWrite) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.sessions {
		all = append(all, s)
	}
	return all
}

func (k *disk) load(session string, epoch, from, to int64, fn func(perp.WireMessage) error) error {
	k.mu.Lock()
	rows := append([]perp.WireMessage(nil), k.messages[epochKey(session, epoch)]...)
	k.mu.Unlock()
	for _, m := range rows {
		if m.Seq >= from && m.Seq <= to {
			if err := fn(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// world is a door with a loop as small as can be around it: an engine that
// accepts every order, and a commit in memory.
type world struct {
	t      testing.TB
	door   *Door
	our    string
	disk   *disk
	inbox  chan perp.Input
	commit sync.Mutex // held by a test: commits of commands wait
	seq    int64
	execs  int64
	quit   chan struct{}
	ended  chan struct{}
	once   sync.Once
}

var worlds atomic.Int64

// testClients is the default cast: ALICE and BOB have the password "demo".
func testClients() []SessionConfig {
	return []SessionConfig{{CompID: "ALICE", Password: "demo", AllowReset: true}, {CompID: "BOB", Password: "demo"}}
}

func newWorld(t testing.TB, change func(*Config)) *world {
	t.Helper()
	return newWorldOn(t, newDisk(), change)
}

func newWorldOn(t testing.TB, k *disk, change func(*Config)) *world {
	t.Helper()
	return newLoggedWorld(t, k, slog.New(slog.DiscardHandler), change)
}

func newLoggedWorld(t testing.TB, k *disk, log *slog.Logger, change func(*Config)) *world {
	t.Helper()
	// The session library's table is shared by the process, so each world has a
	// CompID of its own.
	w := &world{
		t: t, our: "GW" + strconv.FormatInt(worlds.Add(1), 10), disk: k, inbox: make(chan perp.Input, 4096),
		quit: make(chan struct{}), ended: make(chan struct{}),
	}
	cfg := Config{Listen: "127.0.0.1:0", CompID: w.our, Sessions: testClients()}
	cfg.AccountEvents = k.accounts
	if change != nil {
		change(&cfg)
	}
	door, err := New(cfg, w.put, k.known(), k.load, log)
	if err != nil {
		t.Fatal(err)
	}
	w.door = door
	door.Restate([]perp.Event{perp.MarketListed{Instrument: testInstrument, Terms: testTerms}})
	go w.run()
	if err := door.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stop)
	return w
}

func (w *world) put(in perp.Input) bool {
	select {
	case w.inbox <- in:
		return true
	default:
		return false
	}
}

func (w *world) stop() {
	w.once.Do(func() {
		if err := w.door.Stop(5 * time.Second); err != nil {
			w.t.Error(err)
		}
		close(w.quit)
		<-w.ended
		w.step(nil)
	})
}

// crash ends the world without another commit.
func (w *world) crash() {
	w.once.Do(func() {
		close(w.quit)
		<-w.ended
		w.door.guard.Close()
		w.door.guard.cutAll()
		if err := w.door.Stop(5 * time.Second); err != nil {
			w.t.Error(err)
		}
	})
}

// hold makes commits of commands wait until the returned function is called.
func (w *world) hold() (release func()) {
	w.commit.Lock()
	release = sync.OnceFunc(w.commit.Unlock)
	w.t.Cleanup(release)
	return release
}

// numbered waits until the next outbound number of a session is out.
func (w *world) numbered(session string, out int64) {
	w.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, got := w.door.byComp[session].numbers.next(); got == out {
			return
		}
	}
	w.t.Fatalf("%s: no message got the number before %d", session, out)
}

// counted waits until the next inbound number of a session is in.
func (w *world) counted(session string, in int64) {
	w.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if got, _ := w.door.byComp[session].numbers.next(); got == in {
			return
		}
	}
	w.t.Fatalf("%s: no message had the number before %d", session, in)
}

func (w *world) run() {
	defer close(w.ended)
	for {
		select {
		case in := <-w.inbox:
			w.step([]perp.Input{in})
		case <-w.door.Dirty():
			w.step(nil)
		case <-w.quit:
			return
		}
	}
}

func (w *world) step(inputs []perp.Input) {
	var entries []perp.Entry
	for _, in := range inputs {
		w.seq++
		now := perp.Time(time.Now().UnixNano())
		entries = append(entries, perp.Entry{Seq: w.seq, Time: now, Source: in.Source, Command: in.Command, Events: w.apply(in.Command)})
	}
	w.door.Encode(entries)
	writes, accounts := w.door.Drain(), w.door.DrainAccounts()
	if len(entries) > 0 {
		w.commit.Lock()
	}
	w.disk.commit(entries, writes)
	for _, a := range accounts {
		w.disk.accounts[a.Account] = a.Events
	}
	if len(entries) > 0 {
		w.commit.Unlock()
	}
	w.door.Release(writes)
	w.door.Publish(entries)
}

func (w *world) apply(cmd perp.Command) []perp.Event {
	w.execs++
	id := strconv.FormatInt(w.execs, 10)
	switch c := cmd.(type) {
	case perp.PlaceOrder:
		o := perp.Order{
			OrderID: "O" + id, Session: c.Session, ClOrdID: c.ClOrdID, Account: c.Session, Symbol: c.Symbol, Side: c.Side,
			Type: c.Type, TIF: c.TIF, Size: c.Size, Price: c.Price, Status: perp.New,
		}
		return []perp.Event{perp.OrderAccepted{Origin: c.Origin, ExecID: "E" + id, Order: o}}
	case perp.RequestQuote:
		return []perp.Event{perp.QuoteIssued{
			Origin: c.Origin, ReqID: c.ReqID, QuoteID: "Q" + id, Symbol: c.Symbol, Bid: perp.Level{Price: price("149"), Size: c.Size},
			Ask: perp.Level{Price: price("151"), Size: c.Size},
		}}
	case perp.RequestPositions:
		view := perp.PositionView{Account: c.Account, Symbol: "SOL-PERP", Size: perp.Size(w.execs)}
		return []perp.Event{perp.PositionsReported{Origin: c.Origin, ReqID: c.ReqID, Account: c.Account, Positions: []perp.PositionView{view}, Unsolicited: c.Unsolicited}}
	case perp.RequestCollateral:
		return []perp.Event{perp.CollateralReported{Origin: c.Origin, ReqID: c.ReqID, View: perp.CollateralView{Account: c.Account}, Unsolicited: c.Unsolicited}}
	case perp.SteerSession:
		if !c.Busy {
			return []perp.Event{perp.SessionSteered{Session: c.Session, Verb: c.Verb, In: c.In, Out: c.Out}}
		}
	case happening:
		return c.events
	}
	return nil
}

// peer is a raw FIX client: it sends what it is told, right or wrong.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
	name string
	our  string
	seq  int
}

func (w *world) dial(name string) *peer {
	w.t.Helper()
	c, err := net.Dial("tcp", w.door.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	return w.peerOn(c, name)
}

// peerOn speaks over a connection that is there.
func (w *world) peerOn(c net.Conn, name string) *peer {
	w.t.Cleanup(func() { c.Close() })
	return &peer{t: w.t, conn: c, in: bufio.NewReader(c), name: name, our: w.our, seq: 1}
}

// login dials and logs on; the numbers start at 1.
func (w *world) login(name string) *peer {
	w.t.Helper()
	p := w.dial(name)
	p.logon("")
	p.expect("35=A")
	return p
}

func (p *peer) logon(more string) { p.send("A", "98=0|108=30|554=demo|553="+p.name+"|"+more) }

// send sends a message with the next number; fields are separated by bars.
func (p *peer) send(kind, fields string) {
	p.t.Helper()
	p.seq++
	p.sendAt(p.seq-1, kind, fields)
}

func (p *peer) sendAt(seq int, kind, fields string) {
	p.t.Helper()
	p.raw(p.message(kind, "34="+strconv.Itoa(seq), fields))
}

func (p *peer) message(kind, number, fields string) []byte {
	now := time.Now().UTC().Format("20060102-15:04:05.000")
	body := "35=" + kind + "|" + number + "|49=" + p.name + "|52=" + now + "|56=" + p.our + "|" + fields
	return frameOf("FIX.4.4", strings.ReplaceAll(body, "|", "\x01"))
}

// frameOf adds a right BodyLength and CheckSum; it does not use the door's code.
func frameOf(begin, body string) []byte {
	s := "8=" + begin + "\x019=" + strconv.Itoa(len(body)) + "\x01" + body
	sum := 0
	for i := range len(s) {
		sum += int(s[i])
	}
	return fmt.Appendf(nil, "%s10=%03d\x01", s, sum%256)
}

func (p *peer) raw(b []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(b); err != nil {
		p.t.Fatalf("%s writes: %v", p.name, err)
	}
}

const (
	patience = 30 * time.Second // for what must come, however busy the machine is: no promise
	cutMax   = 5 * time.Second  // until a connection that has to be cut is
)

// next reads one message, bars for SOH; "" at the end of the connection.
func (p *peer) next(wait time.Duration) (string, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return "", err
	}
	var b []byte
	for {
		field, err := p.in.ReadBytes(soh)
		b = append(b, field...)
		if err != nil {
			return string(b), err
		}
		if bytes.HasPrefix(field, []byte("10=")) {
			return strings.ReplaceAll(string(b), "\x01", "|"), nil
		}
	}
}

// expect reads the next message and checks that it has these fields.
func (p *peer) expect(fields ...string) string {
	p.t.Helper()
	got, err := p.next(patience)
	if err != nil {
		p.t.Fatalf("%s waits for %q: %v (%q)", p.name, fields, err, got)
	}
	for _, f := range fields {
		if !strings.Contains(got, "|"+f+"|") {
			p.t.Fatalf("%s got %s\nwant %s", p.name, got, f)
		}
	}
	return got
}

// ended checks that the gateway closes the connection, without another message.
func (p *peer) ended() {
	p.t.Helper()
	got, err := p.next(cutMax)
	if got != "" || err == nil || os.IsTimeout(err) {
		p.t.Fatalf("%s: connection still open (%q, %v)", p.name, got, err)
	}
}

// answers checks that the gateway still serves this client.
func (p *peer) answers(id string) {
	p.t.Helper()
	p.send("1", "112="+id+"|")
	p.expect("35=0", "112="+id)
}

func (p *peer) order(id string) {
	p.t.Helper()
	p.send("D", orderFieldsOf(id))
}

func orderFieldsOf(id string) string {
	return "11=" + id + "|55=SOL-PERP|54=1|60=" + time.Now().UTC().Format("20060102-15:04:05.000") + "|38=1|40=2|44=150|"
}

// drainAway reads until the connection ends.
func (p *peer) drainAway() error {
	if err := p.conn.SetReadDeadline(time.Now().Add(2 * cutMax)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, p.in)
	return err
}
