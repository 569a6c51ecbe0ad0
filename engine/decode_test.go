package engine

import (
	"encoding/json"
	"reflect"
	"testing"

	"backstop/perp"

	"pgregory.net/rapid"
)

// TestDecodeIsJSON: what Decode makes of a payload, whole or not, is what
// json.Unmarshal makes of it.
func TestDecodeIsJSON(t *testing.T) {
	for name, one := range map[string]func(*rapid.T) perp.Command{
		"place": drawn[perp.PlaceOrder], "cancel": drawn[perp.CancelOrder], "replace": drawn[perp.ReplaceOrder],
		"quote": drawn[perp.RequestQuote], "tick": drawn[perp.OracleTick], "clock": drawn[perp.ClockTick],
		"positions": drawn[perp.RequestPositions],
	} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			c := one(t)
			kind, payload := Encode(c)
			for range rapid.IntRange(0, 2).Draw(t, "faults") {
				payload = spoil(t, payload)
			}
			want := reflect.New(reflect.TypeOf(c))
			fault := json.Unmarshal(payload, want.Interface())
			got, err := Decode(kind, payload)
			alike(t, payload, got, err, want.Elem().Interface(), fault)
		}))
	}
	for _, payload := range []string{
		"", "{", "{}", "{}}", "{ }", "null", "[]", `{"Side":1}`, `{"Side":-0}`, `{"Side":-1}`, `{"Side":256}`, `{"Side":01}`, `{"Side":1.0}`,
		`{"Side":}`, `{"Side":1,}`, `{"Side":1`, `{"Side":1}x`, `{"Side":1 }`, `{"Side":null}`, `{"Side":"1"}`, `{"Side":1,"Side":2}`,
		`{"Size":-0}`, `{"Size":-}`, `{"Size":-5}`, `{"Size":00}`, `{"Size":1e3}`, `{"Size":9223372036854775807}`, `{"Size":-9223372036854775807}`,
		`{"Size":9223372036854775808}`, `{"Size":-9223372036854775808}`, `{"Size":99999999999999999999}`, `{"Size":"5"}`, `{"size":5}`,
		`{"Price":5,"Size":7}`, `{"Size":7,"Price":5}`, `{"Size":7,"Other":5}`, `{"Size":7,"Other":5,"Price":1}`, `{"InSeq":9223372036854775808}`,
		`{"Symbol":"a`, `{"Symbol":"a\n"}`, `{"Symbol":"\u0041"}`, "{\"Symbol\":\"a\nb\"}", "{\"Symbol\":\"\xff\"}", `{"Symbol":"é"}`, `{"Symbol":"\q"}`,
		`{"Symbol":"a","Price":1}`, `{"PossDup":true}`, `{"PossDup":false}`, `{"PossDup":tru}`, `{"PossDup":truex}`, `{"PossDup":1}`,
		`{"Flaws":[{}],"Symbol":"a"}`, `{"Flaws":null,"Symbol":"a"}`,
	} {
		var want perp.PlaceOrder
		fault := json.Unmarshal([]byte(payload), &want)
		got, err := Decode(want.Kind(), []byte(payload))
		alike(t, []byte(payload), got, err, want, fault)
	}
}

func alike(t rapid.TB, payload []byte, got any, err error, want any, fault error) {
	t.Helper()
	if (err == nil) != (fault == nil) {
		t.Fatalf("%s: %v, want %v", payload, err, fault)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: %+v, want %+v", payload, got, want)
	}
}

func drawn[C perp.Command](t *rapid.T) perp.Command { return rapid.Make[C]().Draw(t, "command") }

// spoil changes, takes away, adds or repeats some bytes, mostly ones that mean something.
func spoil(t *rapid.T, b []byte) []byte {
	at := rapid.IntRange(0, len(b)).Draw(t, "at")
	upto := rapid.IntRange(at, min(at+30, len(b))).Draw(t, "upto")
	with := rapid.SampledFrom([]string{"", "0", "-", "-0", "9", "1e3", `"`, `\`, `\n`, "}", "{", ",", ":", " ", "null", "true", "é", "\x01", "a", string(b[at:upto])}).Draw(t, "with")
	if rapid.Bool().Draw(t, "added") {
		upto = at
	}
	return append(append(append([]byte(nil), b[:at]...), with...), b[upto:]...)
}

// TestDecodeReadsPlain: the commands that most of a journal is are read without
// json.Unmarshal, or all of this would be for nothing, and no name stands twice.
func TestDecodeReadsPlain(t *testing.T) {
	const now = 1_764_147_600 * perp.Second
	from := perp.Origin{Session: "ACME", InSeq: 7, Arrival: now, PossDup: true, Sent: now - 2}
	for _, c := range []perp.Command{
		perp.PlaceOrder{Origin: from, ClOrdID: "A-1", Account: "ACME", Symbol: "BTC-PERP", Side: perp.Sell, Type: perp.Limit, Size: 5,
			Price: 60_000 * perp.PriceOne, Conditions: perp.Conditions{PostOnly: true, Reduce: perp.Reducing, Slippage: 3}},
		perp.CancelOrder{Origin: from, ClOrdID: "A-2", OrigClOrdID: "A-1", Side: perp.Buy},
		perp.ReplaceOrder{Origin: from, ClOrdID: "A-2", OrigClOrdID: "A-1", Size: 7, Transact: 9},
		perp.RequestQuote{Origin: from, ReqID: "R", Size: 1},
		perp.OracleTick{Symbol: "BTC-PERP", Price: 1, Divergence: 9, Publish: 1 << 59, Sources: 3},
		perp.ClockTick{},
	} {
		form := forms[reflect.TypeOf(c)]
		_, payload := Encode(c)
		into := reflect.New(reflect.TypeOf(c)).Elem()
		if !readPlain(payload, into, form) || !reflect.DeepEqual(into.Interface(), any(c)) {
			t.Errorf("%s was read as %+v", payload, into)
		}
		seen := map[string]bool{}
		for _, p := range form {
			if seen[p.key] {
				t.Errorf("%s: %s stands twice", c.Kind(), p.key)
			}
			seen[p.key] = true
		}
	}
}
