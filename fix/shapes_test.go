package fix

import (
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"backstop/perp"
)

// TestShapes compares what the gateway sends, and what it makes of requests, with
// shapes that are known to be good. Where it differs, the file says so.
func TestShapes(t *testing.T) {
	const path = "testdata/shapes.txt"
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	log, err := outboundLog(strict44)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	compared := 0
	for line := range strings.Lines(string(src)) {
		line = strings.TrimSuffix(line, "\n")
		switch kind, rest, _ := strings.Cut(line, " "); kind {
		case "sent":
			shape, _, _ := strings.Cut(rest, " |")
			line = strings.TrimRight("sent "+shape+" | "+difference(t, log, strings.Fields(shape)), " ")
			compared++
		case "asked":
			f := strings.SplitN(rest, " ", 3)
			line = "asked " + f[0] + " " + outcome(f[2]) + " " + f[2]
			compared++
		}
		got = append(got, line)
	}
	want := strings.Split(strings.TrimSuffix(string(src), "\n"), "\n")
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		want = got
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("is    %s\nlisted %s", got[i], want[i])
		}
	}
	if compared < 45 {
		t.Errorf("only %d shapes", compared)
	}
}

// difference is how the golden message of a name differs from a shape: name, name
// of the golden message, type, tags.
func difference(t *testing.T, log []logged, shape []string) string {
	t.Helper()
	i := slices.IndexFunc(log, func(m logged) bool { return m.name == shape[1] && m.kind == shape[2] })
	if i < 0 {
		t.Fatalf("%s: the golden log has no %s of type %s", shape[0], shape[1], shape[2])
	}
	var ours []string
	for _, f := range log[i].fields[5:] { // After the header.
		if tag := strconv.Itoa(f.tag); !slices.Contains(ours, tag) {
			ours = append(ours, tag)
		}
	}
	var out, both []string
	for _, tag := range ours {
		if !slices.Contains(shape[3:], tag) {
			out = append(out, "+"+tag)
		} else {
			both = append(both, tag)
		}
	}
	var same []string
	for _, tag := range shape[3:] {
		if slices.Contains(ours, tag) {
			same = append(same, tag)
		} else {
			out = append(out, "-"+tag)
		}
	}
	if !slices.Equal(both, same) {
		out = append(out, "order")
	}
	return strings.Join(out, " ")
}

// outcome is what a request comes to before the engine sees it.
func outcome(body string) string {
	k := testDesk()
	c := newCodec(nil, k)
	msg := inbound(body)
	cmd, rej := c.decode(msg, perp.Origin{Session: "ACME"})
	if rej == nil && cmd == nil {
		var replies []string
		all, refused := k.local(msg, "ACME", testTime)
		for _, r := range all {
			if _, code, refused := strings.Cut(plain(r), "|281="); refused {
				return "Y:281=" + code[:strings.Index(code, "|")]
			}
			replies = append(replies, "35="+kindOf(r))
		}
		if rej = refused; rej == nil {
			return strings.Join(append([]string{"taken"}, replies...), ",")
		}
	}
	if rej != nil {
		if rej.IsBusinessReject() {
			return "j:380=" + strconv.Itoa(rej.RejectReason())
		}
		return "3:373=" + strconv.Itoa(rej.RejectReason())
	}
	if f := reflect.ValueOf(cmd).FieldByName("Flawed"); f.IsValid() {
		if flawed := f.Interface().(perp.Flawed); len(flawed.Flaws) > 0 {
			v := flawed.Flaws[0]
			return v.Reject.String() + ":" + strings.ReplaceAll(v.Detail, " ", "_")
		}
	}
	return "taken"
}
