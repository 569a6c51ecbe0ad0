package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// rowsAtOnce are how many rows one statement writes, the most first: most of the
// cost of a row is to cross into SQLite and back.
var rowsAtOnce = [...]int{64, 16, 4, 2, 1}

// pendingMax is how many rows of a batch wait in memory before they are written
// inside its transaction. Only a command that ends very many orders has so many.
const pendingMax = 8192

// hot is a statement that goes to the driver without database/sql in between,
// which would check, convert and copy each of a hundred values an order. The
// writer alone uses it, inside direct.
type hot struct {
	text string
	stmt *sqlite3.SQLiteStmt // prepared when first used
	args []driver.NamedValue
}

// arg adds an argument: an int64, a string or bytes.
func (h *hot) arg(values ...driver.Value) {
	for _, v := range values {
		h.args = append(h.args, driver.NamedValue{Ordinal: len(h.args) + 1, Value: v})
	}
}

// run executes the statement with the arguments that were added, and hands the
// rows that it returns to row.
func (h *hot) run(conn *sqlite3.SQLiteConn, row func([]driver.Value) error) (err error) {
	defer func() { h.args = h.args[:0] }()
	if err := h.prepare(conn); err != nil {
		return err
	}
	// Query and not Exec, also for what returns no rows: it binds all and takes the
	// first step in one crossing, and an insert is done with its first step.
	rows, err := h.stmt.QueryContext(context.Background(), h.args)
	if err != nil {
		return err
	}
	values := make([]driver.Value, len(rows.Columns()))
	for err == nil && len(values) > 0 {
		if err = rows.Next(values); err == nil {
			err = row(values)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, rows.Close())
}

// exec executes a statement that returns no rows, and tells how many it changed.
// A clause RETURNING would tell it too, but makes a table for it each time.
func (h *hot) exec(conn *sqlite3.SQLiteConn) (changed int64, err error) {
	defer func() { h.args = h.args[:0] }()
	if err := h.prepare(conn); err != nil {
		return 0, err
	}
	done, err := h.stmt.ExecContext(context.Background(), h.args)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// prepare makes the statement when it is first used.
func (h *hot) prepare(conn *sqlite3.SQLiteConn) (err error) {
	if h.stmt == nil {
		h.stmt, err = prepareOn(conn, h.text)
	}
	return err
}

func prepareOn(conn *sqlite3.SQLiteConn, text string) (*sqlite3.SQLiteStmt, error) {
	made, err := conn.Prepare(text)
	if err != nil {
		return nil, fmt.Errorf("statement %.40q: %w", text, err)
	}
	stmt, ok := made.(*sqlite3.SQLiteStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("statement %.40q: not of SQLite", text), made.Close())
	}
	return stmt, nil
}

func (h *hot) close() error {
	if h.stmt == nil {
		return nil
	}
	return h.stmt.Close()
}

// insert is a table and where its rows of a batch wait.
type insert struct {
	into    string // table and columns
	after   string // what follows the values
	columns int
	rows    int
	values  []driver.Value
	hot     [len(rowsAtOnce)]hot
}

func newInsert(into, after string) insert {
	i := insert{into: into, after: after, columns: strings.Count(into, ",") + 1}
	for k, rows := range rowsAtOnce {
		i.hot[k].text = i.text(rows)
	}
	return i
}

func (i *insert) text(rows int) string {
	one := "(?" + strings.Repeat(", ?", i.columns-1) + ")"
	return "INSERT INTO " + i.into + " VALUES " + one + strings.Repeat(", "+one, rows-1) + i.after
}

// add is one row more. Its values are int64, string or bytes, in the order of the
// columns.
func (i *insert) add(values ...driver.Value) {
	if len(values) != i.columns {
		panic(fmt.Sprintf("%d values for %s", len(values), i.into))
	}
	i.values = append(i.values, values...)
	i.rows++
}

// write inserts the rows that wait, in the order in which they were added.
func (i *insert) write(conn *sqlite3.SQLiteConn) error {
	values := i.values
	for k, rows := range rowsAtOnce {
		for i.rows >= rows {
			h := &i.hot[k]
			h.arg(values[:rows*i.columns]...)
			if err := h.run(conn, nil); err != nil {
				return err
			}
			values, i.rows = values[rows*i.columns:], i.rows-rows
		}
	}
	i.forget()
	return nil
}

// forget lets the rows that wait go.
func (i *insert) forget() {
	clear(i.values)
	i.values, i.rows = i.values[:0], 0
}

// direct gives f the writer's connection itself. Nothing in f may use s.conn.
func (s *Store) direct(f func(*sqlite3.SQLiteConn) error) error { return onDriver(s.conn, f) }

// onDriver gives f the driver's connection below one of database/sql.
func onDriver(conn *sql.Conn, f func(*sqlite3.SQLiteConn) error) error {
	return conn.Raw(func(c any) error {
		conn, ok := c.(*sqlite3.SQLiteConn)
		if !ok {
			return errors.New("not a SQLite connection")
		}
		return f(conn)
	})
}
