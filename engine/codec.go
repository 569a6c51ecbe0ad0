package engine

import (
	"encoding/json"
	"fmt"
	"reflect"

	"backstop/perp"
)

// Encode turns a command into its journal row: a kind and a payload. The
// payload is JSON with fields in the order of the struct, so it is the same
// bytes every time.
func Encode(c perp.Command) (kind string, payload []byte) {
	payload, err := json.Marshal(c)
	if err != nil {
		// Commands are plain data; one that does not marshal is a bug.
		panic(perp.Fault{What: "command " + c.Kind() + " does not encode: " + err.Error()})
	}
	return c.Kind(), payload
}

// Decode turns a journal row back into its command. An unknown kind or a
// payload of another shape is an error: the journal is from a newer version or
// damaged.
func Decode(kind string, payload []byte) (perp.Command, error) {
	switch kind {
	case perp.PlaceOrder{}.Kind():
		return decode[perp.PlaceOrder](payload)
	case perp.CancelOrder{}.Kind():
		return decode[perp.CancelOrder](payload)
	case perp.ReplaceOrder{}.Kind():
		return decode[perp.ReplaceOrder](payload)
	case perp.CancelOrders{}.Kind():
		return decode[perp.CancelOrders](payload)
	case perp.RequestOrders{}.Kind():
		return decode[perp.RequestOrders](payload)
	case perp.RequestStatus{}.Kind():
		return decode[perp.RequestStatus](payload)
	case perp.RequestQuote{}.Kind():
		return decode[perp.RequestQuote](payload)
	case perp.ProvideQuotes{}.Kind():
		return decode[perp.ProvideQuotes](payload)
	case perp.CancelQuotes{}.Kind():
		return decode[perp.CancelQuotes](payload)
	case perp.DeclineQuote{}.Kind():
		return decode[perp.DeclineQuote](payload)
	case perp.RequestQuoteStatus{}.Kind():
		return decode[perp.RequestQuoteStatus](payload)
	case perp.RequestPositions{}.Kind():
		return decode[perp.RequestPositions](payload)
	case perp.OracleTick{}.Kind():
		return decode[perp.OracleTick](payload)
	case perp.ClockTick{}.Kind():
		return decode[perp.ClockTick](payload)
	case perp.Deposit{}.Kind():
		return decode[perp.Deposit](payload)
	case perp.Withdraw{}.Kind():
		return decode[perp.Withdraw](payload)
	case perp.SetMarket{}.Kind():
		return decode[perp.SetMarket](payload)
	case perp.BustTrade{}.Kind():
		return decode[perp.BustTrade](payload)
	case perp.ProposeChange{}.Kind():
		return decode[perp.ProposeChange](payload)
	case perp.ApproveChange{}.Kind():
		return decode[perp.ApproveChange](payload)
	case perp.StopWithdrawals{}.Kind():
		return decode[perp.StopWithdrawals](payload)
	case perp.OpenWithdrawals{}.Kind():
		return decode[perp.OpenWithdrawals](payload)
	case perp.RequestCollateral{}.Kind():
		return decode[perp.RequestCollateral](payload)
	case perp.RequestTrades{}.Kind():
		return decode[perp.RequestTrades](payload)
	case perp.SessionStarted{}.Kind():
		return decode[perp.SessionStarted](payload)
	case perp.SessionEnded{}.Kind():
		return decode[perp.SessionEnded](payload)
	case perp.SteerSession{}.Kind():
		return decode[perp.SteerSession](payload)
	case perp.LogonsRefused{}.Kind():
		return decode[perp.LogonsRefused](payload)
	case perp.HedgeReport{}.Kind():
		return decode[perp.HedgeReport](payload)
	case perp.ForgetOrders{}.Kind():
		return decode[perp.ForgetOrders](payload)
	case perp.RecallOrder{}.Kind():
		return decode[perp.RecallOrder](payload)
	case Configure{}.Kind():
		return decode[Configure](payload)
	}
	return nil, fmt.Errorf("journal: unknown command kind %q", kind)
}

func decode[C perp.Command](payload []byte) (perp.Command, error) {
	var c C
	if form, often := forms[reflect.TypeFor[C]()]; often {
		if readPlain(payload, reflect.ValueOf(&c).Elem(), form) {
			return c, nil
		}
		c = *new(C)
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, fmt.Errorf("journal: %s: %w", c.Kind(), err)
	}
	return c, nil
}
