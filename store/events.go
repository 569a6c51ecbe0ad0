package store

import (
	"encoding/json"
	"fmt"
	"strconv"

	"backstop/perp"
)

// eventRow is one event as the journal keeps it.
type eventRow struct {
	n       int64
	kind    string
	payload []byte
}

// textKept is the size up to which the memory of such a text is used again. Under
// load a price tells of hundreds of markouts.
const textKept = 1 << 20

// eventsText appends what is stored of the events of a command to an empty text: a
// JSON list of [n, kind, payload].
func eventsText(text []byte, events []perp.Event) ([]byte, error) {
	text = append(text, '[')
	for i, ev := range events {
		switch ev.(type) {
		case perp.QuoteChanged, perp.ClassQuoted, perp.StreamQuoted, perp.TickRefused, perp.ProviderStated: // they follow from what is stored
			continue
		}
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(strconv.AppendInt(append(text, '['), int64(i), 10), `,"`...)
		text = append(append(text, ev.Kind()...), `",`...)
		var err error
		if text, err = appendJSON(text, ev); err != nil {
			return nil, fmt.Errorf("%s: %w", ev.Kind(), err)
		}
		text = append(text, ']')
	}
	return append(text, ']'), nil
}

// eventRows are the events in such a text.
func eventRows(text []byte) ([]eventRow, error) {
	var list [][]json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	rows := make([]eventRow, len(list))
	for i, parts := range list {
		if len(parts) != 3 {
			return nil, fmt.Errorf("event of %d parts", len(parts))
		}
		rows[i].payload = parts[2]
		if err := json.Unmarshal(parts[0], &rows[i].n); err != nil {
			return nil, fmt.Errorf("event: %w", err)
		}
		if err := json.Unmarshal(parts[1], &rows[i].kind); err != nil {
			return nil, fmt.Errorf("event: %w", err)
		}
	}
	return rows, nil
}
