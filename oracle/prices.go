package oracle

import (
	"errors"
	"io"

	"backstop/perp"
)

// Bar is one row of a file of minute bars: the corners of the minute in the
// order in which it is taken to have seen them.
type Bar struct {
	At      perp.Time
	Corners [4]perp.Price // open, the extreme that came first, the other one, close
}

// firstChoice is the venue whose prices are told of a file with several: the
// one that trades what the gateway lists.
const firstChoice = "U"

// Prices reads a file and tells what one venue showed, in order: for readers
// that want the prices themselves and not a feed. Of several venues it is the
// perpetual's if that quotes, else the first. Times are the source's; several
// prices of one moment are told as the last of them. A trade says its venue's
// last price again, with its own time: files keep books only where they change,
// and the trade shows that the venue was there. Nothing else is told between
// rows: where a file is silent, so is its source.
func Prices(path string, tell func(at perp.Time, price perp.Price)) error {
	venue, err := venueOf(path)
	if err != nil {
		return err
	}
	var last observation
	err = each(path, nil, func(o observation) bool {
		if o.reason != Kept || o.venue != venue || o.trade && last.price == 0 {
			return true
		}
		if o.trade {
			o.price = last.price
		}
		if last.price != 0 && o.at > last.at {
			tell(last.at, last.price)
		}
		last = o
		return true
	})
	if err != nil {
		return err
	}
	tell(last.at, last.price)
	return nil
}

// venueOf is the venue to tell about.
func venueOf(path string) (venue string, err error) {
	lines := int64(0)
	err = each(path, &lines, func(o observation) bool {
		if o.reason == Kept && !o.trade && (venue == "" || o.venue == firstChoice) {
			venue = o.venue
		}
		return venue != firstChoice
	})
	if err == nil && venue == "" {
		err = &Problem{File: path, Line: lines, What: "no row with a price", Hint: "a feed file needs at least one usable row below its header"}
	}
	return venue, err
}

// Bars reads a file of minute bars, in order; of any other file it tells
// nothing.
func Bars(path string, tell func(Bar)) error {
	r, err := openRows(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if r.format.step != minute {
		return nil
	}
	corners := *r.format
	corners.parse = parseCorners
	r.format = &corners
	var bar Bar
	for n := 0; ; n++ {
		o, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		bar.At, bar.Corners[n%4] = o.at, o.price
		if n%4 == 3 {
			tell(bar)
		}
	}
}

// each hands on the observations of a file until take says that it has enough;
// lines, if asked for, is where it then stood.
func each(path string, lines *int64, take func(observation) bool) (err error) {
	r, err := openRows(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for {
		o, err := r.next()
		if lines != nil {
			*lines = r.line
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !take(o) {
			return nil
		}
	}
}
