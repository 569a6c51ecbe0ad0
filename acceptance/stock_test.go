package acceptance

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"backstop/spec"

	"github.com/quickfixgo/quickfix"
)

// stockEnv makes this test program the stock quickfix acceptor that conform is
// tried on: a process of its own, because part of what is tried ends it. Its value
// is ADDR and what settings of the session it has, with blanks between them.
const stockEnv = "BACKSTOP_STOCK_ACCEPTOR"

func TestMain(m *testing.M) {
	if said := os.Getenv(stockEnv); said != "" {
		if err := stockAcceptor(said); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	var err error
	if scratch, err = os.MkdirTemp("", "backstop-acceptance-*"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Tests that may run side by side wait most of the time, so how many do does not
	// depend on the processors. The command line is read after this and has its way.
	if err := flag.Set("test.parallel", strconv.Itoa(sideBySide)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// stockAcceptor serves until its standard input ends.
func stockAcceptor(said string) error {
	addr, dictionaries, _ := strings.Cut(said, " ")
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	settings, err := quickfix.ParseSettings(strings.NewReader(fmt.Sprintf("[DEFAULT]\nConnectionType=acceptor\nSocketAcceptHost=%s\n"+
		"SocketAcceptPort=%s\nSenderCompID=STOCK\n[SESSION]\nTargetCompID=TRY\n%s\n", host, port, strings.ReplaceAll(dictionaries, " ", "\n"))))
	if err != nil {
		return err
	}
	a, err := quickfix.NewAcceptor(filler{}, quickfix.NewMemoryStoreFactory(), settings, quickfix.NewNullLogFactory())
	if err != nil {
		return err
	}
	if err := a.Start(); err != nil {
		return err
	}
	fmt.Println("ready")
	// The end of the test closes the pipe, whatever ends it.
	_, err = bufio.NewReader(os.Stdin).ReadByte()
	a.Stop()
	if err != nil && err.Error() != "EOF" {
		return err
	}
	return nil
}

// filler is an application that fills every order as it stands.
type filler struct{}

// OnCreate implements quickfix.Application, as do the methods below.
func (filler) OnCreate(quickfix.SessionID)                       {}
func (filler) OnLogon(quickfix.SessionID)                        {}
func (filler) OnLogout(quickfix.SessionID)                       {}
func (filler) ToAdmin(*quickfix.Message, quickfix.SessionID)     {}
func (filler) ToApp(*quickfix.Message, quickfix.SessionID) error { return nil }
func (filler) FromAdmin(*quickfix.Message, quickfix.SessionID) quickfix.MessageRejectError {
	return nil
}

func (filler) FromApp(m *quickfix.Message, id quickfix.SessionID) quickfix.MessageRejectError {
	kind, err := m.Header.GetString(35)
	if err != nil {
		return err
	}
	if kind != "D" {
		return quickfix.UnsupportedMessageType()
	}
	out := quickfix.NewMessage()
	out.Header.SetString(35, "8")
	for tag, value := range map[quickfix.Tag]string{37: "O", 17: "E", 150: "F", 39: "2", 31: "1", 151: "0", 6: "1"} {
		out.Body.SetString(tag, value)
	}
	for from, to := range map[quickfix.Tag][]quickfix.Tag{11: {11}, 55: {55}, 54: {54}, 38: {38, 32, 14}} {
		v, err := m.Body.GetString(from)
		if err != nil {
			return err
		}
		for _, tag := range to {
			out.Body.SetString(tag, v)
		}
	}
	if err := quickfix.SendToTarget(out, id); err != nil {
		fmt.Fprintln(os.Stderr, "answer not sent:", err)
	}
	return nil
}

// stock is a running stock acceptor.
type stock struct {
	addr string
	cmd  *exec.Cmd
	in   io.Closer
	done chan struct{}
}

// stockFolder has the dictionaries that QuickFIX ships.
func stockFolder() (string, error) {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/quickfixgo/quickfix").Output()
	return filepath.Join(strings.TrimSpace(string(module)), "spec"), err
}

// goStock starts the stock acceptor of the Go library; cppStock that of the C++ one.
func goStock(begin string) func(*testing.T) *stock {
	return func(t *testing.T) *stock {
		t.Helper()
		dir, err := stockFolder()
		if err != nil {
			t.Fatal(err)
		}
		settings := " BeginString=" + begin + " "
		switch begin {
		case "FIX.4.2":
			settings += "DataDictionary=" + filepath.Join(dir, "FIX42.xml")
		case "FIX.4.4":
			settings += "DataDictionary=" + filepath.Join(dir, "FIX44.xml")
		default:
			settings += "DefaultApplVerID=FIX.5.0SP2 TransportDataDictionary=" + filepath.Join(dir, "FIXT11.xml") +
				" AppDataDictionary=" + filepath.Join(dir, "FIX50SP2.xml")
		}
		addr := freeAddr(t)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), stockEnv+"="+addr+settings)
		return startStock(t, addr, cmd)
	}
}

func cppStock(t *testing.T, binary string) *stock {
	t.Helper()
	dictionary := filepath.Join(t.TempDir(), "FIX44.xml")
	if err := os.WriteFile(dictionary, spec.Dictionary(), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return startStock(t, addr, exec.Command(binary, host, port, dictionary))
}

func freeAddr(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	return free.Addr().String()
}

// startStock starts an acceptor that says "ready", and ends it with the test.
func startStock(t *testing.T, addr string, cmd *exec.Cmd) *stock {
	t.Helper()
	s := &stock{addr: addr, cmd: cmd, done: make(chan struct{})}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if s.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		// A panic is among what is looked for; its exit code says no more.
		_ = cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(s.kill)
	if err != nil || line != "ready\n" {
		t.Fatalf("the stock acceptor said %q, %v", line, err)
	}
	return s
}

// kill ends it at once: its own Stop may hang after what was done to it.
func (s *stock) kill() {
	// The only error is that it has ended already.
	_ = s.cmd.Process.Kill()
	<-s.done
	s.in.Close()
}
