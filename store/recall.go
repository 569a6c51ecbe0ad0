package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"backstop/perp"
)

// queryRecall finds ended orders by what requests call them. The event that ended
// an order holds it whole; of one command it is the last with it.
const queryRecall = `WITH asked (order_id, account, cl_ord_id) AS (
		SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)),
	found (order_id, cl_ord_id) AS (
		SELECT c.order_id, a.cl_ord_id FROM asked AS a JOIN client_ids AS c ON c.account = a.account AND c.cl_ord_id = a.cl_ord_id
		UNION SELECT o.order_id, '' FROM asked AS a JOIN orders AS o ON o.order_id = a.order_id)
	SELECT o.order_id, f.cl_ord_id, e.payload -> '$.Order' FROM found AS f JOIN orders AS o ON o.order_id = f.order_id AND o.ended > 0
	JOIN events AS e ON e.seq = o.ended AND e.payload ->> '$.Order.OrderID' = o.order_id
	ORDER BY o.order_id, f.cl_ord_id, e.n`

// Recall returns the ended orders that refs name, each once, with the names that
// it was found by. A name that is nobody's is left out.
func (r *Reader) Recall(refs []perp.OrderRef) (all []perp.RecallOrder, err error) {
	if some, err := r.names.stored(refs); err != nil || !some {
		return nil, err
	}
	asked := make([][3]string, len(refs))
	for i, ref := range refs {
		asked[i] = [3]string{ref.OrderID, ref.Account, ref.ClOrdID}
	}
	text, err := json.Marshal(asked)
	if err != nil {
		return nil, fmt.Errorf("recall: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.most)
	defer cancel()
	// One statement sees one state: it needs no transaction of its own.
	rows, err := r.recall.QueryContext(ctx, string(text))
	if err != nil {
		return nil, fmt.Errorf("recall: %w", err)
	}
	for rows.Next() {
		if all, err = recalled(all, rows); err != nil {
			return nil, errors.Join(fmt.Errorf("recall: %w", err), rows.Close())
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("recall: %w", err)
	}
	return all, nil
}

// recalled adds a row: an order that is new, a name more, or a later state.
func recalled(all []perp.RecallOrder, rows *sql.Rows) ([]perp.RecallOrder, error) {
	var id, name string
	var order []byte
	if err := rows.Scan(&id, &name, &order); err != nil {
		return all, err
	}
	if len(all) == 0 || all[len(all)-1].Order.OrderID != id {
		all = append(all, perp.RecallOrder{})
	}
	last := &all[len(all)-1]
	last.Order = perp.Order{}
	if err := json.Unmarshal(order, &last.Order); err != nil {
		return all, fmt.Errorf("%s: %w", id, err)
	}
	if n := len(last.Names); name != "" && (n == 0 || last.Names[n-1] != name) {
		last.Names = append(last.Names, name)
	}
	return all, nil
}
