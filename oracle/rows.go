package oracle

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"backstop/perp"
)

// Limits of a file.
const (
	lineMax = 1024        // bytes
	rowsMax = 100_000_000 // a year of busy books
)

// Problem is what is wrong with a file, where, and what would be right.
type Problem struct {
	File string
	Line int64 // 1 is the header; 0 if no line is to blame
	What string
	Hint string
	Err  error // the cause, if there is one below
}

// Error is "file:line: what (hint)".
func (p *Problem) Error() string {
	s := p.File
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
	}
	s += ": " + p.What
	if p.Err != nil {
		s += ": " + p.Err.Error()
	}
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Err }

// observation is one price that one venue showed at one moment.
type observation struct {
	at     perp.Time // the source's time
	venue  string
	price  perp.Price
	half   perp.Price
	trade  bool   // shows that the venue lives; its price counts only before its first book
	reason Reason // why it does not count
}

// rows reads a file row by row.
type rows struct {
	path   string
	file   *os.File
	lines  *bufio.Reader
	format *format
	line   int64
	rows   int64
	last   perp.Time     // of the row before
	queue  []observation // of the current row, at most a minute of seconds
}

// openRows opens a plain or gzipped file and recognises its header.
func openRows(path string) (*rows, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("oracle: open a price file: %w", err)
	}
	r := &rows{path: path, file: file}
	if err := r.header(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

func (r *rows) close() error { return r.file.Close() }

func (r *rows) header() error {
	in := bufio.NewReader(r.file)
	var src io.Reader = struct{ io.Reader }{in} // Wrapped, so that the next buffer has its own size.
	magic, err := in.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return r.broken(err)
	}
	if bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if src, err = gzip.NewReader(in); err != nil {
			return r.broken(err)
		}
	} else if strings.HasSuffix(r.path, ".gz") && len(magic) > 0 {
		return &Problem{File: r.path, What: "the name ends in .gz but this is no gzip file", Hint: "compress it with gzip or rename it"}
	}
	r.lines = bufio.NewReaderSize(src, lineMax)
	text, err := r.text()
	if errors.Is(err, io.EOF) {
		return &Problem{File: r.path, Line: 1, What: "the file is empty", Hint: "the first line must be one of: " + headers()}
	}
	if err != nil {
		return err
	}
	if r.format = formatOf(text); r.format == nil {
		return &Problem{File: r.path, Line: 1, What: fmt.Sprintf("unknown header %.80q", text), Hint: "known are: " + headers()}
	}
	return nil
}

// text is the next line without its ending; the last line may lack one.
func (r *rows) text() (string, error) {
	line, err := r.lines.ReadSlice('\n')
	if errors.Is(err, io.EOF) && len(line) == 0 {
		return "", io.EOF
	}
	r.line++
	if err != nil && !errors.Is(err, io.EOF) {
		return "", r.broken(err) // What was read of a broken line counts for nothing.
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
}

// broken explains a failure to read.
func (r *rows) broken(err error) error {
	p := &Problem{File: r.path, Line: r.line}
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		p.What, p.Hint = "line too long", fmt.Sprintf("at most %d bytes", lineMax)
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		p.What, p.Hint = "truncated gzip file", "copy the file again; gzip -t tells whether it is whole"
	case errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader):
		p.What, p.Hint = "damaged gzip file", "copy the file again; gzip -t tells whether it is whole"
	default:
		p.What, p.Hint, p.Err = "cannot read", "check that it is a file and may be read", err
	}
	return p
}

// next is the next observation, io.EOF after the last.
func (r *rows) next() (observation, error) {
	for len(r.queue) == 0 {
		text, err := r.text()
		if err != nil {
			return observation{}, err
		}
		if text == "" {
			continue // A blank line, often the last.
		}
		if err := r.parse(text); err != nil {
			return observation{}, err
		}
	}
	o := r.queue[0]
	r.queue = r.queue[1:]
	return o, nil
}

func (r *rows) parse(text string) error {
	if r.rows++; r.rows > rowsMax {
		return r.fault(flaw{What: "too many rows", Hint: fmt.Sprintf("at most %d; split the file", rowsMax)})
	}
	fields := strings.Split(text, ",")
	if len(fields) != r.format.columns() {
		return r.fault(flaw{What: fmt.Sprintf("%d fields instead of %d", len(fields), r.format.columns()), Hint: "the header is " + r.format.header})
	}
	queue, err := r.format.parse(fields, r.queue[:0])
	if err != nil {
		return r.fault(err)
	}
	first := queue[0].at
	if r.rows > 1 && first < r.last+r.format.step {
		what := fmt.Sprintf("time goes backwards by %d ns", r.last-first)
		if first >= r.last {
			what = fmt.Sprintf("only %d ns after the row before", first-r.last)
		}
		return r.fault(flaw{What: what, Hint: r.format.order})
	}
	r.last, r.queue = first, queue
	return nil
}

// flaw is what is wrong with a row.
type flaw struct{ What, Hint string }

func (f flaw) Error() string { return f.What }

func (r *rows) fault(err error) error {
	p := &Problem{File: r.path, Line: r.line, What: err.Error()}
	var f flaw
	if errors.As(err, &f) {
		p.Hint = f.Hint
	}
	return p
}
