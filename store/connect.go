package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"

	"github.com/mattn/go-sqlite3"
)

// pragma is a setting that a connection must have; it is read back.
type pragma struct{ name, set, want string }

// writerPragmas and readerPragmas hold per connection, so each new connection
// sets and checks them. SQLite's defaults would not sync each commit, not look
// at foreign keys, let INSERT OR REPLACE pass the append-only triggers and
// trust what a damaged schema says.
var (
	writerPragmas = []pragma{
		{"busy_timeout", "2000", "2000"},
		{"journal_mode", "WAL", "wal"},
		{"synchronous", "FULL", "2"},
		{"foreign_keys", "1", "1"},
		{"recursive_triggers", "1", "1"},
		{"trusted_schema", "0", "0"},
		{"cell_size_check", "1", "1"},
		{"journal_size_limit", "67108864", "67108864"},
		{"wal_autocheckpoint", strconv.Itoa(copyPages), strconv.Itoa(copyPages)},
	}
	readerPragmas = []pragma{
		{"busy_timeout", "500", "500"},
		{"query_only", "1", "1"},
		{"trusted_schema", "0", "0"},
		{"cell_size_check", "1", "1"},
	}
)

// dial returns a database whose connections all have the given pragmas. Options
// are of the DSN, which go-sqlite3 applies before anything else.
func dial(path, options string, pragmas []pragma) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := url.URL{Path: abs}
	return sql.OpenDB(connector{"file:" + name.EscapedPath() + "?" + options, pragmas}), nil
}

// connector opens connections and checks their settings.
type connector struct {
	dsn     string
	pragmas []pragma
}

// Driver is part of driver.Connector.
func (c connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

// Connect is part of driver.Connector. The context does not reach SQLite: no
// request may roll a transaction back under the writer.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := c.Driver().Open(c.dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	conn, ok := opened.(*sqlite3.SQLiteConn)
	if !ok {
		return nil, errors.Join(errors.New("open database: not a SQLite connection"), opened.Close())
	}
	for _, p := range c.pragmas {
		if err := p.apply(conn); err != nil {
			return nil, errors.Join(fmt.Errorf("open database: pragma %s: %w", p.name, err), conn.Close())
		}
	}
	return conn, nil
}

// apply sets a pragma and reads it back.
func (p pragma) apply(conn *sqlite3.SQLiteConn) error {
	if _, err := conn.Exec("PRAGMA "+p.name+" = "+p.set, nil); err != nil {
		return err
	}
	rows, err := conn.Query("PRAGMA "+p.name, nil)
	if err != nil {
		return err
	}
	got := []driver.Value{nil}
	if err := rows.Next(got); err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(err, rows.Close())
	}
	if fmt.Sprint(got[0]) != p.want {
		return errors.Join(fmt.Errorf("is %v, must be %s", got[0], p.want), rows.Close())
	}
	return rows.Close()
}
