package bench

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver of the SQL store
	"github.com/quickfixgo/quickfix"
	filestore "github.com/quickfixgo/quickfix/store/file"
	sqlstore "github.com/quickfixgo/quickfix/store/sql"
)

// Names of the peers that this program can be.
const (
	peerFile    = "file"
	peerSQL     = "sql"
	peerUnspun  = "sql-unspun"
	peerMemory  = "memory"
	peerSockets = "sockets"
)

// PeerEnv names the variable that turns the command into a peer of itself. Its
// value is KIND ADDR NUMBER DIR.
const PeerEnv = "BACKSTOP_BENCH_PEER"

// RunPeer is a peer until ctx ends.
func RunPeer(ctx context.Context, said string) error {
	f := strings.SplitN(said, " ", 4)
	if len(f) != 4 {
		return fmt.Errorf("%s=%q: not KIND ADDR NUMBER DIR", PeerEnv, said)
	}
	n, err := strconv.Atoi(f[2])
	if err != nil {
		return err
	}
	if f[0] == peerSockets {
		return writeSockets(ctx, f[1], n)
	}
	return runExecutor(ctx, f[0], f[1], f[3], n)
}

// runExecutor is a stock quickfix acceptor that fills every order.
func runExecutor(ctx context.Context, kind, addr, dir string, sessions int) error {
	settings, err := executorSettings(addr, dir, sessions)
	if err != nil {
		return err
	}
	var stores quickfix.MessageStoreFactory
	var logs quickfix.LogFactory = quickfix.NewNullLogFactory()
	switch kind {
	case peerFile:
		stores = filestore.NewStoreFactory(settings)
	case peerSQL, peerUnspun:
		if err := makeTables(dir); err != nil {
			return err
		}
		stores = sqlstore.NewStoreFactory(settings)
	case peerMemory:
		stores = quickfix.NewMemoryStoreFactory()
	default:
		return fmt.Errorf("no peer is called %q", kind)
	}
	if kind == peerUnspun {
		stores, logs = yieldingStores{stores}, yieldingLogs{}
	}
	a, err := quickfix.NewAcceptor(&executor{}, stores, settings, logs)
	if err != nil {
		return err
	}
	if err := a.Start(); err != nil {
		return err
	}
	defer a.Stop()
	<-ctx.Done()
	return nil
}

func dsn(dir string) string {
	return "file:" + filepath.Join(dir, "peer.db") + "?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_txlock=immediate"
}

func executorSettings(addr, dir string, sessions int) (*quickfix.Settings, error) {
	host, port, _ := strings.Cut(addr, ":")
	var b strings.Builder
	fmt.Fprintf(&b, "[DEFAULT]\nConnectionType=acceptor\nSocketAcceptHost=%s\nSocketAcceptPort=%s\nSenderCompID=%s\nFileStorePath=%s\n"+
		"SQLStoreDriver=sqlite3\nSQLStoreDataSourceName=%s\nBeginString=FIX.4.4\n", host, port, serverID, dir, dsn(dir))
	for i := range sessions {
		fmt.Fprintf(&b, "[SESSION]\nTargetCompID=%s\n", sessionID(i))
	}
	return quickfix.ParseSettings(strings.NewReader(b.String()))
}

// makeTables lays out what the SQL store expects.
func makeTables(dir string) error {
	db, err := sql.Open("sqlite3", dsn(dir))
	if err != nil {
		return err
	}
	defer db.Close()
	key := "beginstring TEXT, sendercompid TEXT, sendersubid TEXT, senderlocid TEXT, targetcompid TEXT, targetsubid TEXT, " +
		"targetlocid TEXT, session_qualifier TEXT"
	names := strings.ReplaceAll(key, " TEXT", "")
	_, err = db.Exec("CREATE TABLE sessions(" + key + ", creation_time DATETIME, incoming_seqnum INT, outgoing_seqnum INT, PRIMARY KEY(" + names + "));" +
		"CREATE TABLE messages(" + key + ", msgseqnum INT, message TEXT, PRIMARY KEY(" + names + ", msgseqnum))")
	return err
}

// executor answers a NewOrderSingle with one ExecutionReport: filled. Fields are
// set plainly, which is the faster way.
type executor struct{}

func (*executor) OnCreate(quickfix.SessionID)                       {}
func (*executor) OnLogon(quickfix.SessionID)                        {}
func (*executor) OnLogout(quickfix.SessionID)                       {}
func (*executor) ToAdmin(*quickfix.Message, quickfix.SessionID)     {}
func (*executor) ToApp(*quickfix.Message, quickfix.SessionID) error { return nil }
func (*executor) FromAdmin(*quickfix.Message, quickfix.SessionID) quickfix.MessageRejectError {
	return nil
}

// FromApp implements quickfix.Application. It is called by one goroutine for each
// session, so that ids are made of the session's own number.
func (*executor) FromApp(m *quickfix.Message, id quickfix.SessionID) quickfix.MessageRejectError {
	get := func(tag quickfix.Tag) string {
		v, err := m.Body.GetString(tag)
		if err != nil {
			return ""
		}
		return v
	}
	seq, err := m.Header.GetString(34)
	if err != nil {
		return err
	}
	out := quickfix.NewMessage()
	out.Header.SetString(35, "8")
	qty := get(38)
	for _, f := range []struct {
		tag   quickfix.Tag
		value string
	}{
		{37, "O" + seq}, {11, get(11)}, {17, "E" + id.TargetCompID + "-" + seq}, {150, "F"}, {39, "2"}, {55, get(55)}, {54, get(54)},
		{38, qty}, {40, get(40)}, {32, qty}, {31, "60000"}, {151, "0"}, {14, qty}, {6, "60000"}, {60, get(60)},
	} {
		out.Body.SetString(f.tag, f.value)
	}
	if err := quickfix.SendToTarget(out, id); err != nil {
		fmt.Fprintln(os.Stderr, "answer not sent:", err)
	}
	return nil
}

// yieldingStores and yieldingLogs let the writer run where the session's send
// loop would spin: two hooks without which the stock library is its own load.
type yieldingStores struct{ of quickfix.MessageStoreFactory }

func (y yieldingStores) Create(id quickfix.SessionID) (quickfix.MessageStore, error) {
	s, err := y.of.Create(id)
	return yieldingStore{s}, err
}

type yieldingStore struct{ quickfix.MessageStore }

// CreationTime implements quickfix.MessageStore.
func (y yieldingStore) CreationTime() time.Time {
	runtime.Gosched()
	return y.MessageStore.CreationTime()
}

type yieldingLogs struct{}

// Create implements quickfix.LogFactory, as does CreateSessionLog.
func (yieldingLogs) Create() (quickfix.Log, error) { return yieldingLog{}, nil }

func (yieldingLogs) CreateSessionLog(quickfix.SessionID) (quickfix.Log, error) {
	return yieldingLog{}, nil
}

type yieldingLog struct{}

// OnIncoming implements quickfix.Log, as do the methods below.
func (yieldingLog) OnIncoming([]byte)       {}
func (yieldingLog) OnOutgoing([]byte)       { runtime.Gosched() }
func (yieldingLog) OnEvent(string)          {}
func (yieldingLog) OnEventf(string, ...any) {}
