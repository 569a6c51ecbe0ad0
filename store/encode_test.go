package store

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"backstop/perp"

	"pgregory.net/rapid"
)

// TestEventsAsJSON: every kind of event is written as json.Marshal writes it,
// whatever stands in it, and the frequent ones without it.
func TestEventsAsJSON(t *testing.T) {
	frequent := []perp.Event{
		perp.OrderAccepted{}, perp.Filled{}, perp.Posted{}, perp.PositionChanged{}, perp.MarkedOut{}, perp.Settled{}, perp.OrderCanceled{},
		perp.OrderHeld{}, perp.OrderReplaced{}, perp.LastLook{}, perp.ClientGraded{}, perp.FundingPaid{}, perp.Bankrupted{},
		perp.HedgeWanted{}, perp.Hedged{}, perp.MarketExpired{}, perp.StateChanged{},
	}
	others := []perp.Event{
		perp.MarketListed{}, perp.AccountOpened{}, perp.BalanceStated{}, perp.Recentred{}, perp.ModeChanged{}, perp.OrderRejected{},
		perp.OrderTriggered{}, perp.CancelRejected{}, perp.StatusReported{}, perp.OrdersCanceled{}, perp.OrdersReported{}, perp.QuoteIssued{},
		perp.QuoteRefused{}, perp.StreamWithdrawn{}, perp.QuoteStatusReported{}, perp.QuotesProvided{}, perp.QuotesPulled{}, perp.ProviderStated{}, perp.LaidOff{}, perp.PositionsReported{}, perp.CollateralReported{},
		perp.TradesReported{}, perp.OperatorAnswered{}, perp.Withdrawn{}, perp.WithdrawalsStopped{}, perp.FundingAccrued{},
		perp.MarginCalled{}, perp.LiquidationChanged{}, perp.LossShared{}, perp.Deleveraged{}, perp.SessionSteered{},
	}
	for i, ev := range append(frequent, others...) {
		kind := reflect.TypeOf(ev)
		if _, plain := fieldsOf(kind); i < len(frequent) && !plain {
			t.Errorf("%s is left to json.Marshal", kind)
		}
		rapid.Check(t, func(rt *rapid.T) {
			v := reflect.New(kind).Elem()
			fill(rt, v)
			got, err := appendJSON([]byte("x"), v.Interface())
			want, wantErr := json.Marshal(v.Interface())
			if string(got) != "x"+string(want) || (err == nil) != (wantErr == nil) {
				rt.Fatalf("%s, %v\nwant x%s, %v", got, err, want, wantErr)
			}
		})
	}
}

// fill gives every field a value, zero among them.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(t, v.Field(i))
			}
		}
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.SampledFrom([]string{"", "BTC-PERP", "a<b>&c", "\"\\", "\u2028é", "\xff", "\n\x7f"}), rapid.String()).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := rapid.OneOf(rapid.SampledFrom([]int64{0, 1, -1, math.MinInt64, math.MaxInt64}), rapid.Int64()).Draw(t, "int")
		v.SetInt(n >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint") >> (64 - v.Type().Bits()))
	case reflect.Slice:
		if rapid.Bool().Draw(t, "some") {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(t, v.Index(0))
		}
	}
}
