package oracle

import (
	"errors"
	"io"

	"backstop/perp"
)

// Prices reads a file and tells what its first venue showed, in order: for
// readers that want the prices themselves and not a feed. Times are the
// source's; several prices of one moment are told as the last of them.
func Prices(path string, tell func(at perp.Time, price perp.Price)) (err error) {
	r, err := openRows(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	var venue string
	var last observation
	for {
		o, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if o.reason != Kept || o.trade || venue != "" && o.venue != venue {
			continue
		}
		venue = o.venue
		if last.price != 0 && o.at > last.at {
			tell(last.at, last.price)
		}
		last = o
	}
	if last.price == 0 {
		return &Problem{File: path, Line: r.line, What: "no row with a price", Hint: "a feed file needs at least one usable row below its header"}
	}
	tell(last.at, last.price)
	return nil
}
