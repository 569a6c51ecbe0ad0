package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"backstop/config"
	"backstop/ops"
)

// statusMax is the largest answer that is read.
const statusMax = 64 << 20

func statusCommand() config.Command {
	var addr, portsFile string
	var wait time.Duration
	var inJSON bool
	return config.Command{
		Path: "status", Group: groupRun,
		Short: "Show markets, sessions and books of a running gateway",
		Long: `Asks the HTTP port, so the gateway needs a dashboard address. Exit 5: it does
not answer.`,
		Examples: `gateway status
gateway status --ports-file ports.json
gateway status --http 127.0.0.1:8080 --json`,
		Flags: func(f *config.Flags) {
			f.StringVar(&addr, "http", "127.0.0.1:8080", "HTTP `ADDR` of the gateway")
			f.StringVar(&portsFile, "ports-file", "", "take --http from the `FILE` that demo or run wrote")
			f.DurationVar(&wait, "wait", 5*time.Second, "longest wait for the answer")
			jsonFlag(f, &inJSON)
		},
		Run: func(ctx context.Context, env *config.Env, _ []string) int {
			if portsFile != "" {
				p, err := readPorts(portsFile)
				if err != nil {
					return env.Fail(config.ExitNotFound, err, "a gateway writes it with --ports-file once it is ready")
				}
				if addr = p.HTTP; addr == "" {
					return env.Fail(config.ExitUnreachable, errors.New("that gateway has no HTTP port"), "set server.dashboard, or run it with --http")
				}
			}
			if err := config.CheckAddr(addr); err != nil {
				return env.Fail(config.ExitUsage, fmt.Errorf("--http: %w", err), "HOST:PORT, such as 127.0.0.1:8080")
			}
			status, raw, err := askStatus(ctx, addr, wait)
			if err != nil {
				return statusFailed(ctx, env, err)
			}
			return showStatus(env, status, raw, inJSON)
		},
	}
}

// errNotStatus is returned when something else answers at the address.
var errNotStatus = errors.New("no gateway answers here")

// askStatus gets the whole view, as values and as it came.
func askStatus(ctx context.Context, addr string, wait time.Duration) (status ops.Status, raw []byte, err error) {
	raw, err = askHTTP(ctx, addr, "/api/v1/status", wait)
	if err != nil {
		return status, nil, err
	}
	if err := json.Unmarshal(raw, &status); err != nil {
		return status, nil, fmt.Errorf("%w: %s: %w", errNotStatus, addr, err)
	}
	return status, raw, nil
}

// askHTTP gets one path of the read-only port as it came.
func askHTTP(ctx context.Context, addr, path string, wait time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	url := "http://" + addr + path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", url, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the gateway: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, statusMax))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return nil, fmt.Errorf("asking the gateway: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s says %s", errNotStatus, url, answer.Status)
	}
	return raw, nil
}

func statusFailed(ctx context.Context, env *config.Env, err error) int {
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return config.ExitInterrupted
	case errors.Is(err, errNotStatus):
		return env.Fail(config.ExitUnreachable, err, "name the gateway's HTTP address with --http or --ports-file")
	case errors.As(err, &timeout) && timeout.Timeout():
		return env.Fail(config.ExitTimeout, err, "--wait takes a longer time")
	}
	return env.Fail(config.ExitUnreachable, err, "is it running? `gateway demo` starts one", "name another address with --http or --ports-file")
}

func showStatus(env *config.Env, s ops.Status, raw []byte, inJSON bool) int {
	text := string(raw) + "\n"
	if !inJSON {
		text = statusScreen(s)
	}
	return env.Print(text)
}

// statusScreen is the view for people, at most 80 columns wide for prices and
// sizes of usual length.
func statusScreen(s ops.Status) string {
	var b strings.Builder
	ready := "ready"
	if !s.Ready {
		ready = "NOT READY"
	}
	fmt.Fprintf(&b, "%s, version %s, up %s, command %d\n\n", ready, s.Version, time.Duration(s.Uptime)*time.Second, s.Seq)
	fmt.Fprintf(&b, "%-10s %-11s %10s %10s %10s %12s %10s\n", "market", "state", "bid", "ask", "oracle", "inventory", "leverage")
	for _, m := range s.Markets {
		state := m.State
		if m.Cause != "" {
			state += " " + m.Cause
		}
		fmt.Fprintf(&b, "%-10s %-11s %10s %10s %10s %12s %10s\n", m.Symbol, state, best(m.Bids), best(m.Asks), short(m.Oracle), m.Inventory, m.Leverage)
	}
	for _, m := range s.Markets {
		if len(m.Providers) > 0 {
			fmt.Fprintf(&b, "%-10s %s\n", m.Symbol, providersLine(m.Providers))
		}
	}
	fmt.Fprintf(&b, "\n%-16s %-5s %8s %8s  %s\n", "session", "state", "next in", "next out", "address")
	for _, one := range s.Sessions {
		up := "down"
		if one.Up {
			up = "up"
		}
		fmt.Fprintf(&b, "%-16s %-5s %8d %8d  %s\n", one.CompID, up, one.InSeq, one.OutSeq, one.Addr)
	}
	fmt.Fprintf(&b, "\nbooks: %d accounts, sum %s\n", len(s.Ledger.Balances), s.Ledger.Sum)
	for _, w := range s.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}

func best(levels []ops.Level) string {
	if len(levels) == 0 {
		return "-"
	}
	return levels[0].Price
}

// short cuts a price to two decimal places; the whole one is in --json.
func short(price string) string {
	whole, fraction, _ := strings.Cut(price, ".")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction[:min(2, len(fraction))]
}
