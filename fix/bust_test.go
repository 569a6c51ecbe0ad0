package fix

import (
	"strings"
	"testing"

	"backstop/perp"
)

// TestBustIsTold: what a bust says is that of the fill, also of an order that the
// gateway made for a provider; without a reason it says no more than what it is.
func TestBustIsTold(t *testing.T) {
	c := newCodec(nil, testDesk())
	bust := perp.TradeBusted{
		ExecID: "E-9", Fill: "E-8", TradeID: "T-8", Order: bustedOrder(), Price: price("150.03"), Size: size("250"), Fee: 7_500_000, Why: "wrong price",
	}
	for _, x := range []struct {
		name  string
		spoil func(*perp.TradeBusted)
		want  []string
	}{
		{"a client's", func(*perp.TradeBusted) {}, []string{"|17=E-9|19=E-8|527=T-8|150=H|39=0|", "|32=250|31=150.03|151=0|14=0|6=0|", "|137=-7.5|", "|58=BUST wrong price|"}},
		{"a provider's", func(b *perp.TradeBusted) { b.Order.Provided, b.Fee = true, 0 }, []string{"|150=H|", "|137=0|", "|58=BUST wrong price|"}},
		{"without a reason", func(b *perp.TradeBusted) { b.Why = "" }, []string{"|58=BUST|"}},
	} {
		ev := bust
		x.spoil(&ev)
		out := c.encode(ev, testTime, 1)
		if len(out) == 0 {
			t.Fatalf("%s: nobody is told", x.name)
		}
		for _, want := range x.want {
			if text := plain(out[0].msg); !strings.Contains(text, want) {
				t.Errorf("%s: %s, want %s", x.name, text, want)
			}
		}
	}
	end := perp.OrderCanceled{ExecID: "E-10", Order: ended(bustedOrder(), perp.Canceled), Reason: perp.OperatorCancel, Detail: "T-8 is busted"}
	if end.Order.Provided = true; !strings.Contains(plain(c.encode(end, testTime, 1)[0].msg), "|58=OPERATOR T-8 is busted|") {
		t.Error("the end of a busted order of a provider has another reason")
	}
}

// TestBustInFIX42: FIX 4.2 calls it a cancel of the fill, and a session that moves to
// another version finds it as that says it.
func TestBustInFIX42(t *testing.T) {
	body := []pair{{37, "O-55"}, {17, "E-9"}, {19, "E-8"}, {150, "H"}, {39, "1"}, {151, "0"}}
	kind, said := inFIX42("8", body)
	if kind != "8" || valueOf(said, 20) != "1" || valueOf(said, 150) != "1" || valueOf(said, 39) != "1" || valueOf(said, 19) != "E-8" {
		t.Errorf("in FIX 4.2: %v", said)
	}
	back := outFIX42("8", said, "USDC")
	if valueOf(back, 150) != "H" || valueOf(back, 20) != "" || valueOf(back, 39) != "1" {
		t.Errorf("out of it: %v", back)
	}
}
