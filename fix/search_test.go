package fix

import (
	"fmt"
	"strings"
	"testing"
)

// talk is a log: one order is replaced and filled, another client uses the same
// ClOrdID, one request is refused before it is an order, and one report is for many.
var talk = []string{
	"35=A|34=1|49=ACME|52=20260722-12:00:00.000|56=BACKSTOP|553=acme|554=hunter2",
	"35=D|34=2|49=ACME|52=20260722-12:00:01.000|56=BACKSTOP|11=A1|54=1|55=BTC-PERP",
	"35=D|34=2|49=OTHER|52=20260722-12:00:01.500|56=BACKSTOP|11=A1|55=BTC-PERP",
	"35=8|34=2|49=BACKSTOP|52=20260722-12:00:02.000|56=ACME|11=A1|37=O-1|39=0|150=0",
	"35=8|34=2|49=BACKSTOP|52=20260722-12:00:02.500|56=OTHER|11=A1|37=NONE|39=8|58=INSUFFICIENT_MARGIN need=2|150=8",
	"35=G|34=3|49=ACME|52=20260722-12:00:03.000|56=BACKSTOP|11=A2|41=A1|55=BTC-PERP",
	"35=8|34=3|49=BACKSTOP|52=20260722-12:00:04.000|56=ACME|11=A2|41=A1|37=O-1|39=0|150=5",
	"35=8|34=9|49=BACKSTOP|52=20260722-12:00:05.000|56=COPIES|11=A2|37=O-1|39=2|150=F|797=Y",
	"35=8|34=3|49=BACKSTOP|52=20260722-12:00:05.000|56=OTHER|11=A9|37=NONE|39=8|150=8",
	"35=r|34=4|49=BACKSTOP|52=20260722-12:00:06.000|56=ACME|11=M1|533=2|41=A2|37=O-1|41=A3|37=O-2|54=1",
}

func talked() (messages []Message) {
	for _, line := range talk {
		messages = append(messages, ParseMessage([]byte("8=FIX.4.4|9=1|"+line+"|10=000|")))
	}
	return messages
}

// places names messages by their place in talk.
func places(found []Message) string {
	var at []string
	for _, m := range found {
		for i, o := range talked() {
			if o.Line() == m.Line() {
				at = append(at, fmt.Sprint(i))
			}
		}
	}
	return strings.Join(at, " ")
}

func TestLaneFollowsAnOrder(t *testing.T) {
	for _, c := range []struct{ id, want string }{
		{"O-1", "1 3 5 6 7 9"}, {"A2", "1 3 5 6 7 9"}, {"A9", "8"}, {"O-2", "9"}, {"M1", "9"}, {"A7", ""},
		{"A1", "1 2 3 4 5 6 7"}, // Two clients have it; the answer about many orders does not name it.
	} {
		if got := places(Search{Order: c.id}.Find(talked())); got != c.want {
			t.Errorf("%q: messages %s, want %s", c.id, got, c.want)
		}
	}
}

func TestConditions(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"11=A1", "1 2 3 4"}, {"ClOrdID=A1", "1 2 3 4"}, {"Text~MARGIN need=[0-9]", "4"}, {"797", "7"}, {"41=A3", "9"},
		{"39=3", ""}, {"58~^need", ""}, {"Text=INSUFFICIENT_MARGIN need=2", "4"},
	} {
		condition, err := ParseCondition(c.text)
		if err != nil {
			t.Fatal(err)
		}
		var found []Message
		for _, m := range talked() {
			if condition.Holds(m) {
				found = append(found, m)
			}
		}
		if got := places(found); got != c.want {
			t.Errorf("%s: messages %s, want %s", c.text, got, c.want)
		}
	}
	for text, want := range map[string]string{
		"Nonsense=1": `there is no field "Nonsense"`, "11=": "no value", "0=1": "is no tag", "-3=1": "is no tag",
		"58~(": "missing closing )", "": `there is no field ""`, "~x": `there is no field ""`,
	} {
		if _, err := ParseCondition(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestSearch: a lane, types and conditions narrow each other down, and a question that
// cannot be read is refused.
func TestSearch(t *testing.T) {
	for _, c := range []struct {
		order             string
		types, conditions []string
		want              string
	}{
		{"", nil, nil, "0 1 2 3 4 5 6 7 8 9"},
		{"O-1", []string{"8", ""}, nil, "3 6 7"},
		{"", []string{"NewOrderSingle", "G"}, []string{"49=ACME", "41"}, "5"},
		{"A9", []string{"D"}, nil, ""},
	} {
		s, err := ParseSearch(c.order, c.types, c.conditions)
		if err != nil {
			t.Fatal(err)
		}
		if got := places(s.Find(talked())); got != c.want || s.Any() != (c.conditions == nil && c.types == nil && c.order == "") {
			t.Errorf("%q %q %q: messages %s, want %s", c.order, c.types, c.conditions, got, c.want)
		}
	}
	if _, err := ParseSearch("", nil, []string{"11=A1", "58~("}); err == nil {
		t.Error("a pattern that is none was taken")
	}
	if s, err := ParseSearch("", []string{""}, nil); err != nil || !s.Any() {
		t.Errorf("%+v (%v): nothing was asked", s, err)
	}
}

// TestSecretsStaySecret: passwords and signatures are neither shown nor found out by
// looking for them.
func TestSecretsStaySecret(t *testing.T) {
	m := ParseMessage([]byte("8=FIX.4.4|9=1|35=A|34=1|49=A|56=B|95=7|96=sigsigs|553=acme|554=hunter2|925=hunter3|10=000|"))
	for _, shown := range []string{m.String(), m.Line()} {
		for _, secret := range []string{"sigsigs", "hunter"} {
			if strings.Contains(shown, secret) {
				t.Errorf("%q is shown:\n%s", secret, shown)
			}
		}
		if strings.Count(shown, "***") != 3 || !strings.Contains(shown, "acme") {
			t.Errorf("more or less than the secrets is blanked:\n%s", shown)
		}
	}
	for text, want := range map[string]bool{
		"554=hunter2": false, "554~^h": false, "925~h": false, "RawData=sigsigs": false, "554": true, "96~^...$": true, "553=acme": true,
	} {
		c, err := ParseCondition(text)
		if err != nil || c.Holds(m) != want {
			t.Errorf("%s: %v (%v), want %v", text, !want, err, want)
		}
	}
}

func TestLinesOfMessages(t *testing.T) {
	for i, want := range map[int]string{
		0: "20260722-12:00:00.000 ACME>BACKSTOP 1 Logon Username=acme Password=***",
		1: "20260722-12:00:01.000 ACME>BACKSTOP 2 NewOrderSingle ClOrdID=A1 Side=1(BUY) Symbol=BTC-PERP",
	} {
		if got := talked()[i].Line(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	odd := ParseMessage([]byte("8=FIX.4.4|9=1|35=~|34=1|49=A|52=x|56=B|29999=7|10=000|"))
	if got := odd.Line(); got != "x A>B 1 35=~ 29999=7" {
		t.Errorf("%s", got)
	}
}
