package fix

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// cutAllOf cuts a whole stream that comes in pieces and returns the messages.
func cutAllOf(pieces [][]byte) (frames []string) {
	var buf []byte
	for _, p := range pieces {
		buf = append(buf, p...)
		for {
			frame, skip, found := cut(buf, 1000)
			if found == whole {
				frames = append(frames, string(frame))
			}
			buf = buf[skip:]
			if found == needMore {
				break
			}
		}
	}
	return frames
}

// TestCut: what is garbled is dropped, and the next message is found.
func TestCut(t *testing.T) {
	good := string(frameOf("FIX.4.4", "35=0\x0134=2\x01"))
	for _, c := range []struct {
		name, stream string
		want         []string
	}{
		{"one", good, []string{good}},
		{"two", good + good, []string{good, good}},
		{"garbage between", good + "xx8=y8=FIX" + "\x01" + good, []string{good, good}},
		{"8=FIX inside a value", "58=18=FIX\x01" + good, []string{good}},
		{"padded length", strings.Replace(good, "9=10", "9=0000010", 1), nil},
		{"short length", strings.Replace(good, "9=10", "9=5", 1) + good, []string{good}},
		{"long length swallows the next", strings.Replace(good, "9=10", "9=14", 1) + good + good, []string{good}},
		{"checksum too long", strings.Replace(good, "\x0110=", "\x0110=0", 1) + good, []string{good}},
		{"no MsgType third", string(frameOf("FIX.4.4", "34=2\x0135=0\x01")) + good, []string{good}},
		{"no length", "8=FIX.4.4\x0135=0\x0110=000\x01" + good, []string{good}},
		{"empty length", "8=FIX.4.4\x019=\x0135=0\x0110=000\x01" + good, []string{good}},
		{"negative length", "8=FIX.4.4\x019=-5\x0135=0\x0110=000\x01" + good, []string{good}},
		{"endless BeginString", "8=FIX" + strings.Repeat("4", 100) + good[:0] + "\x01" + good, []string{good}},
	} {
		if diff := cmp.Diff(c.want, cutAllOf([][]byte{[]byte(c.stream)})); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	body := "35=0\x0134=2\x01"
	padded := "8=FIX.4.4\x019=00000" + "10" + "\x01" + body
	sum := checksum([]byte(padded))
	padded += "10=" + string([]byte{byte('0' + sum/100), byte('0' + sum/10%10), byte('0' + sum%10)}) + "\x01"
	if diff := cmp.Diff([]string{padded}, cutAllOf([][]byte{[]byte(padded)})); diff != "" {
		t.Errorf("leading zeros: %s", diff)
	}
}

// TestCutInPieces: where the network cuts a stream makes no difference, and
// every intact message between garbage is found.
func TestCutInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want []string
		for range rapid.IntRange(1, 6).Draw(t, "parts") {
			if rapid.Bool().Draw(t, "garbage") {
				stream = append(stream, rapid.SampledFrom([]string{"x", "8=FI\x01", "10=000\x01", "9=5\x01", "\x01\x01"}).Draw(t, "bytes")...)
				stream = append(stream, soh)
			}
			f := frameOf("FIX.4.4", "35=D\x0134=7\x0158="+rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "text")+"\x01")
			stream = append(stream, f...)
			want = append(want, string(f))
		}
		var pieces [][]byte
		for rest := stream; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		if diff := cmp.Diff(want, cutAllOf(pieces)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzCut: no bytes make the guard panic or stand still.
func FuzzCut(f *testing.F) {
	f.Add([]byte("8=FIX.4.4\x019=9223372036854775807\x0135=0\x01"))
	f.Add(frameOf("FIX.4.4", "35=0\x0134=\x01212=\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			frame, skip, found := cut(b, 1000)
			if skip < 0 || skip > len(b) || found != needMore && skip == 0 {
				t.Fatalf("skip %d of %d, found %d", skip, len(b), found)
			}
			if found == whole {
				if !bytes.HasSuffix(frame, []byte{soh}) {
					t.Fatal("a message without an end")
				}
				read(frame)
			}
			if found == needMore {
				return
			}
			b = b[skip:]
		}
	})
}

// TestCleanLog: C11 of the security targets. One line per record, no secret.
func TestCleanLog(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"35=A\x01553=alice\x01554=s3cret\x01141=Y\x01", "35=A|553=***|554=***|141=Y|"},
		{"554=s3cret", "554=***"},
		{"925=new\x0196=raw\x01", "925=***|96=***|"},
		{`parse error "35=A\x01554=s3cret\x0110=1\x01"`, `parse error "35=A\x01554=***\x0110=1\x01"`},
		{"1554=kept\x01", "1554=kept|"},
		{"58=two\nlines\x1b[31mred\x01", `58=two\u000alines\u001b[31mred|`},
		{"58=a|554=s3|cr\\xet\x01", "58=a|554=***|"},
	} {
		if got := clean(c.in); got != c.want {
			t.Errorf("clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	long := clean(strings.Repeat("x", 2*logMax) + "554=s3cret")
	if len(long) > logMax+4 || strings.Contains(long, "s3cret") {
		t.Errorf("%d bytes kept", len(long))
	}
}
