package acceptance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/shopspring/decimal"
)

// Heard is a client that remembers all that it was told.
type Heard struct {
	*Client
	All []Fields
}

// Until reads until a message is what the caller waits for, and returns it.
func (h *Heard) Until(ctx context.Context, done func(Fields) bool) (Fields, error) {
	for {
		f, err := h.Next(ctx)
		if err != nil {
			return nil, fmt.Errorf("%w, after %s", err, h.tail())
		}
		h.All = append(h.All, f)
		if done(f) {
			return f, nil
		}
	}
}

// tail is the end of what was told, without prices.
func (h *Heard) tail() string {
	var said []string
	for _, f := range h.All {
		if f.Get(35) != "W" {
			said = append(said, f.String())
		}
	}
	return strings.Join(said[max(0, len(said)-5):], "\n")
}

// Ended reads until each of these orders has its terminal report.
func (h *Heard) Ended(ctx context.Context, ids ...string) error {
	left := map[string]bool{}
	for _, id := range ids {
		left[id] = !strings.HasSuffix(h.Sequence(id), ended)
	}
	open := func() bool {
		for _, is := range left {
			if is {
				return true
			}
		}
		return false
	}
	if !open() {
		return nil
	}
	_, err := h.Until(ctx, func(f Fields) bool {
		if id := f.Get(11); f.Get(35) == "8" && left[id] {
			left[id] = !strings.HasSuffix(h.Sequence(id), ended)
		}
		return !open()
	})
	return err
}

// ended marks the end of a Sequence.
const ended = "."

// Reports are the execution reports of an order; answers to H, and to a D that
// repeats its ClOrdID, are none.
func (h *Heard) Reports(id string) (all []Fields) {
	for _, f := range h.All {
		if f.Get(35) == "8" && f.Get(11) == id && f.Get(150) != "I" && f.Get(103) != "6" {
			all = append(all, f)
		}
	}
	return all
}

// Sequence is what became of an order as the table of report sequences of the
// rules writes it, such as "A, 0, F(2)"; a point stands behind the terminal one.
func (h *Heard) Sequence(id string) string {
	var steps []string
	end := ""
	for _, f := range h.Reports(id) {
		step := f.Get(150)
		if step == "F" {
			step += "(" + f.Get(39) + ")"
		}
		steps = append(steps, step)
		if strings.Contains("248C", f.Get(39)) {
			end += ended
		}
	}
	return strings.Join(steps, ", ") + end
}

// Report is the report of an order with an ExecType, or nil.
func (h *Heard) Report(id, execType string) Fields {
	for _, f := range h.Reports(id) {
		if f.Get(150) == execType {
			return f
		}
	}
	return nil
}

// beat is the interval of a written feed, and beatSpeed what makes it of the
// seconds in its file: a held order has that long until it is decided, which is
// long for a request and shorter than any order waits at most.
const (
	beatSpeed = "2.5" // 400 ms
	beatStart = 1_700_000_000
)

// writeFeed writes a file of prices, a second apart.
func writeFeed(dir string, prices []decimal.Decimal) (file string, err error) {
	var b strings.Builder
	b.WriteString("blockchainTimestamp,oraclePrice\n")
	for i, p := range prices {
		fmt.Fprintf(&b, "%d,%s\n", beatStart+i, p.StringFixed(6))
	}
	file = filepath.Join(dir, "prices.csv")
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}

// SendTogether sends several messages in one write; each begins with its type.
func (c *Client) SendTogether(messages ...[]string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all strings.Builder
	for _, m := range messages {
		text := strings.Join(m[1:], soh)
		c.sent[c.out] = m[0] + soh + text
		all.WriteString(c.frame(m[0], c.out, "", text))
		c.out++
	}
	return c.write(all.String())
}
