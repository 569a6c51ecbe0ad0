package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// scratch is where what is built once for all tests goes, so that it goes with them;
// empty: wherever temporary files are.
var scratch string

// Build compiles the gateway once and returns the path of the binary.
var Build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp(scratch, "gateway-*")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "gateway")
	out, err := exec.Command("go", "build", "-o", bin, "backstop/cmd/gateway").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
})

// Gateway is a running gateway process.
type Gateway struct {
	FIX     string `json:"fix"`
	HTTP    string `json:"http"`
	DataDir string `json:"data_dir"`
	PID     int    `json:"pid"`

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // of the process, once done is closed
}

// startMax is how long a start may take: recovery of a long journal included.
const startMax = 60 * time.Second

// Start runs the binary with the arguments and returns once it has written its
// ports file, which it does when everything is ready. Its output goes to log.
func Start(ctx context.Context, log *os.File, args ...string) (*Gateway, error) {
	bin, err := Build()
	if err != nil {
		return nil, err
	}
	return StartBinary(ctx, bin, nil, log, args...)
}

// StartBinary is Start with a binary of the caller's and more variables in its
// environment.
func StartBinary(ctx context.Context, bin string, env []string, log *os.File, args ...string) (*Gateway, error) {
	dir, err := os.MkdirTemp("", "backstop-ports-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ports := filepath.Join(dir, "ports.json")
	g := &Gateway{done: make(chan struct{})}
	g.cmd = exec.Command(bin, append(args, "--ports-file", ports)...)
	g.cmd.Stdout, g.cmd.Stderr = log, log
	g.cmd.Env = append(os.Environ(), env...)
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		g.err = g.cmd.Wait()
		close(g.done)
	}()
	if err := g.ready(ctx, ports); err != nil {
		g.Kill()
		return nil, err
	}
	return g, nil
}

// ready looks for the ports file until it is there, the process ends or the
// deadline passes.
func (g *Gateway) ready(ctx context.Context, ports string) error {
	ctx, cancel := context.WithTimeout(ctx, startMax)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		b, err := os.ReadFile(ports)
		if err == nil {
			return json.Unmarshal(b, g)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		select {
		case <-g.done:
			return fmt.Errorf("gateway ended before it was ready: %w", g.err)
		case <-ctx.Done():
			return fmt.Errorf("gateway not ready: %w", ctx.Err())
		case <-look.C:
		}
	}
}

// Stop asks the gateway to end and waits for it. It returns the exit code.
func (g *Gateway) Stop() (int, error) {
	if err := g.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return -1, err
	}
	select {
	case <-g.done:
		return g.cmd.ProcessState.ExitCode(), nil
	case <-time.After(startMax):
		g.Kill()
		return -1, fmt.Errorf("gateway did not end within %v", startMax)
	}
}

// Kill ends the process at once, as a crash would.
func (g *Gateway) Kill() {
	// The only error is that it has ended already.
	_ = g.cmd.Process.Kill()
	<-g.done
}

// Run runs the binary to its end and returns stdout, stderr and the exit code.
func Run(ctx context.Context, args ...string) (stdout, stderr string, code int, err error) {
	bin, err := Build()
	if err != nil {
		return "", "", -1, err
	}
	cmd := exec.CommandContext(ctx, bin, args...)
	var out, talk writer
	cmd.Stdout, cmd.Stderr = &out, &talk
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil
	}
	return string(out), string(talk), cmd.ProcessState.ExitCode(), err
}

type writer []byte

func (w *writer) Write(b []byte) (int, error) {
	*w = append(*w, b...)
	return len(b), nil
}

// Ended tells whether the process has ended.
func (g *Gateway) Ended() bool {
	select {
	case <-g.done:
		return true
	default:
		return false
	}
}
