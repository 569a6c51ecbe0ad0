package acceptance

import (
	"context"
	"strings"
	"testing"
	"time"
)

// inVersion is how one version says what a trade is told with.
type inVersion struct {
	client, begin          string
	logon                  []string
	fill, status, refusedR string // ExecType of a whole fill and of a status report; what answers a bad R
	badSize                string // OrdRejReason of a size off the lot
	has                    []string
}

var inVersions = []inVersion{
	{"DEMO1", "FIX.4.2", nil, "2", "4", "j", "0", []string{"20=0", "13=3"}},
	{"DEMO2", "FIX.4.4", nil, "F", "I", "AG", "13", []string{"136=1", "851=2"}},
	{"DEMO3", "FIXT.1.1", []string{"1137=9"}, "F", "I", "AG", "13", []string{"136=1", "851=2"}},
}

func versionsVenue() Venue {
	return Venue{LastLook: "off", Begin: map[string]string{"DEMO1": "FIX.4.2", "DEMO3": "FIXT.1.1"}}
}

// TestTradingInEachVersion trades in FIX 4.2, 4.4 and 5.0 SP2 at one port, breaks
// the connection and gets the reports again; then the books agree.
func TestTradingInEachVersion(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args, dir := lastingVenue(t, versionsVenue())
	g := startGateway(t, args...)
	for _, v := range inVersions {
		t.Run(v.begin, func(t *testing.T) { v.trade(ctx, t, g.FIX) })
	}
	verify(ctx, t, g, dir)
}

func (v inVersion) trade(ctx context.Context, t *testing.T, addr string) {
	c := NewClient(v.client, "BACKSTOP", v.client, "demo")
	c.Begin = v.begin
	if _, err := c.Logon(ctx, addr, v.logon...); err != nil {
		t.Fatal(err)
	}
	next := func(want ...string) Fields {
		t.Helper()
		f, err := c.NextOf(ctx, "8", "9", "3", "j", "S", "AG", "AI", "Y")
		if err != nil {
			t.Fatal(err)
		}
		says(t, v.begin, f, append(want, "8="+v.begin)...)
		return f
	}
	send := func(kind string, body ...string) {
		t.Helper()
		if err := c.Send(kind, body...); err != nil {
			t.Fatal(err)
		}
	}
	send("V", bestOf("M", "BTC-PERP", snapshots)...)
	for priced := false; !priced; {
		w, err := c.NextOf(ctx, "W")
		if err != nil {
			t.Fatal(err)
		}
		priced = len(w.All(270)) == 2
	}
	send("V", "262=M", "263=2", "264=1")
	send("R", "131=R1", "146=1", "55=BTC-PERP", "38=0.01", "60="+Now())
	quote := next("35=S", "131=R1")
	send("D", "11=Q", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.01", "40=D", "117="+quote.Get(117))
	next("35=8", "11=Q", "150=0")
	fill := next(append([]string{"35=8", "11=Q", "150=" + v.fill, "39=2", "32=0.01", "31=" + quote.Get(133)}, v.has...)...)
	send("D", "11=L", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.01", "40=2", "59=1", "44=30000")
	next("35=8", "11=L", "150=0")
	send("F", "41=L", "11=C", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.01")
	next("35=8", "11=C", "41=L", "150=4")
	send("F", "41=L", "11=C2", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.01")
	next("35=9", "11=C2", "102=0")
	send("H", "11=L", "55=BTC-PERP", "54=1")
	next("35=8", "150="+v.status, "39=4")
	send("D", "11=N", "55=NONE-PERP", "54=1", "60="+Now(), "38=0.01", "40=1")
	next("35=8", "11=N", "150=8", "103=1")
	send("D", "11=T", "55=BTC-PERP", "54=1", "60="+Now(), "38=0.0000001", "40=1")
	next("35=8", "11=T", "150=8", "103="+v.badSize)
	send("R", "131=R2", "146=1", "55=NONE-PERP", "38=0.01", "60="+Now())
	next("35="+v.refusedR, "58=UNKNOWN_SYMBOL Symbol")
	v.unserved(send, next)
	c.Drop()
	out, _ := c.Numbers()
	c.SetNumbers(out, 2)
	if _, err := c.Logon(ctx, addr, v.logon...); err != nil {
		t.Fatal(err)
	}
	next("35=8", "11=Q", "150=0", "43=Y")
	next("35=8", "11=Q", "43=Y", "17="+fill.Get(17), "150="+v.fill)
	if err := c.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	v.quoteBy(ctx, t, addr)
}

// unserved asks for what not every version can be told, and for what nobody is.
func (v inVersion) unserved(send func(kind string, body ...string), next func(want ...string) Fields) {
	send("AF", "584=A", "585=7")
	if v.begin == "FIX.4.2" { // It has no such message.
		next("35=3", "373=11", "372=AF")
		send("a", "117=NONE") // It has this one, and no answer to it.
		next("35=3", "373=11", "372=a")
		send("g", "335=G1", "336=NONE", "263=0")
		next("35=j", "372=g", "379=G1", "58=UNSUPPORTED 336")
		send("Z", "131=R9", "117=NONE", "298=1", "295=1", "55=NONE-PERP")
		next("35=j", "372=Z", "379=NONE")
	} else {
		next("35=8", "150=I", "584=A")
		send("a", "649=S", "117=Q999999A")
		next("35=AI", "649=S", "297=9")
	}
	quotes := provided("L", bid("a", "59000", "1")) // Liquidity providers speak FIX 4.4, and have a role of their own.
	send(quotes[0], quotes[1:]...)
	switch v.begin {
	case "FIX.4.4":
		next("35=j", "380=6", "372=i")
	case "FIX.4.2": // Its own form of it has more fields.
		next("35=3", "372=i")
	default:
		next("35=3", "373=11", "372=i")
	}
	send("M", "66=L") // Nobody is served this.
	next("35=j", "372=M", "380=3")
}

// quoteBy asks for a quote with the bundled client.
func (v inVersion) quoteBy(ctx context.Context, t *testing.T, addr string) {
	shown, talk, code, err := Run(ctx, "client", "quote", "--fix", addr, "--comp-id", v.client, "--begin-string", v.begin, "--symbol", "BTC-PERP", "--size", "0.01")
	if err != nil || code != 0 || !strings.Contains(shown, "OfferPx") {
		t.Errorf("client quote: exit %d, %v\n%s%s", code, err, shown, talk)
	}
}

// TestWrongVersions: another version than the session's is refused like an unknown
// client, and a Logon of FIXT.1.1 says which application version it means.
func TestWrongVersions(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args, _ := lastingVenue(t, versionsVenue())
	g := startGateway(t, args...)
	for _, bad := range []struct {
		client, begin string
		logon         []string
		says          string
	}{
		{"DEMO1", "FIX.4.4", nil, "Logon refused"}, {"DEMO1", "FIXT.1.1", []string{"1137=9"}, "Logon refused"},
		{"DEMO2", "FIX.4.2", nil, "Logon refused"}, {"DEMO3", "FIX.4.4", nil, "Logon refused"},
		{"DEMO3", "FIXT.1.1", nil, `DefaultApplVerID(1137) must be "9"`},
		{"DEMO3", "FIXT.1.1", []string{"1137=6"}, `DefaultApplVerID(1137) must be "9"`},
		{"DEMO1", "FIX.4.2", []string{"22000=VAMM1"}, "Dialect(22000) VAMM1 is of FIX.4.4 alone"},
	} {
		c := NewClient(bad.client, "BACKSTOP", bad.client, "demo")
		c.Begin = bad.begin
		answer, err := c.Logon(ctx, g.FIX, bad.logon...)
		if !refusedWith(err, bad.says) {
			t.Errorf("%s in %s %v: %s, %v", bad.client, bad.begin, bad.logon, answer, err)
		}
		c.Drop()
	}
	c := NewClient("DEMO3", "BACKSTOP", "DEMO3", "demo")
	c.Begin = "FIXT.1.1"
	if _, err := c.Logon(ctx, g.FIX, "1137=9"); err != nil {
		t.Fatalf("after what was refused: %v", err)
	}
	if err := c.SendRaw(c.FrameOf("H", 2, "1128=6", "11=X", "55=BTC-PERP", "54=1")); err != nil {
		t.Fatal(err)
	}
	if f, err := c.NextOf(ctx, "3", "8"); err != nil || f.Get(373) != "18" || f.Get(371) != "1128" {
		t.Errorf("another application version: %s, %v", f, err)
	}
}
