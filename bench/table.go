package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
)

// Machine says where something was measured.
type Machine struct {
	Cores  int    `json:"cores"`
	CPU    string `json:"cpu"`
	Kernel string `json:"kernel"`
	OS     string `json:"os"`
	Go     string `json:"go"`
}

// ThisMachine is the one that this runs on.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), CPU: "unknown", Kernel: "unknown", OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	// Where there is no /proc, these stay unknown.
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, text, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(text)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(b))
	}
	return m
}

// JSON is the machine-readable answer.
func JSON(m Machine, short bool, results []Result) (string, error) {
	if results == nil {
		results = []Result{}
	}
	b, err := json.MarshalIndent(struct {
		Machine Machine  `json:"machine"`
		Short   bool     `json:"short"`
		Results []Result `json:"results"`
	}{m, short, results}, "", "  ")
	return string(b) + "\n", err
}

// Table is what people read.
func Table(m Machine, short bool, results []Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d cores, %s, kernel %s, %s, %s\n", m.Cores, m.CPU, m.Kernel, m.OS, m.Go)
	b.WriteString("Only ratios carry over to other machines.")
	if short {
		b.WriteString(" Short form: fewer rounds, rows and clients than the targets are for.")
	}
	b.WriteString("\n\n")
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "id\twhat\tvalue\tbeside\tpeer\tratio\ttarget\t")
	var notes []string
	for _, r := range results {
		note := ""
		if r.Note != "" {
			notes = append(notes, fmt.Sprintf("%d) %s", len(notes)+1, r.Note))
			note = fmt.Sprintf(" %d)", len(notes))
		}
		q := number(r.Ratio)
		if r.Ratio != nil {
			q += " ×"
		}
		fmt.Fprintf(t, "%s\t%s%s\t%s %s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.What, note, number(r.Value), r.Unit, r.With, number(r.Peer), q, r.Target, verdict(r.Met))
	}
	// A strings.Builder takes everything.
	_ = t.Flush()
	if len(notes) > 0 {
		b.WriteString("\n" + strings.Join(notes, "\n") + "\n")
	}
	return b.String()
}

func verdict(met *bool) string {
	switch {
	case met == nil:
		return ""
	case *met:
		return "met"
	}
	return "not met"
}

// number prints three digits or whole numbers.
func number(v *float64) string {
	switch {
	case v == nil:
		return "-"
	case *v >= 100 || *v == 0:
		return fmt.Sprintf("%.0f", *v)
	case *v >= 10:
		return fmt.Sprintf("%.1f", *v)
	}
	return fmt.Sprintf("%.2f", *v)
}
