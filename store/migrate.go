package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// applicationID marks a database as one of ours ("Bkst").
const applicationID = 0x426b7374

// migrations holds NNN_name.sql, where NNN is the schema version that the file
// leads to. A file is never changed once a version with it was released.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migration is one step: statements that turn version-1 into version.
type migration struct {
	version    int64
	name       string
	statements []string
}

// steps reads the migrations in order. A statement is a paragraph of its file.
func steps() (all []migration, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	for _, name := range names {
		src, err := fs.ReadFile(migrations, name)
		if err != nil {
			return nil, fmt.Errorf("migrations: %w", err)
		}
		m := migration{version: int64(len(all) + 1), name: strings.TrimPrefix(name, "migrations/")}
		if want := fmt.Sprintf("%03d_", m.version); !strings.HasPrefix(m.name, want) {
			return nil, fmt.Errorf("migration %s: its name must begin with %s", m.name, want)
		}
		m.statements = strings.Split(strings.TrimSpace(string(src)), "\n\n")
		all = append(all, m)
	}
	return all, nil
}

// migrate brings the schema up to date. Each step is one transaction together
// with its number, so that a crash leaves the old version or the new one.
func (s *Store) migrate() error {
	all, err := steps()
	if err != nil {
		return err
	}
	version, err := s.version(int64(len(all)))
	if err != nil {
		return err
	}
	if err := s.checkRules(version); err != nil {
		return err
	}
	for _, m := range all[version:] {
		err := s.inTx(func() error {
			for i, statement := range m.statements {
				if err := s.exec(statement); err != nil {
					return fmt.Errorf("statement %d: %w", i+1, err)
				}
				passing(fmt.Sprintf("migrate-%d-%d", m.version, i+1))
			}
			return s.exec(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, m.version))
		})
		if err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}

// rules is the version of the engine's rules. It grows whenever the same journal
// would lead to other events, or be another text; rulesSince is the first schema that notes it.
const (
	rules      = "6"
	rulesSince = 2
)

// checkRules refuses a journal that other rules made. An empty one fits all.
func (s *Store) checkRules(version int64) error {
	if version == 0 {
		return nil
	}
	made, any := "1", false
	if err := s.conn.QueryRowContext(context.Background(), "SELECT EXISTS (SELECT 1 FROM journal)").Scan(&any); err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	if version >= rulesSince {
		if err := s.conn.QueryRowContext(context.Background(), "SELECT value FROM settings WHERE name = 'rules'").Scan(&made); err != nil {
			return fmt.Errorf("rules: %w", err)
		}
	}
	if made != rules && any {
		return fmt.Errorf("%w: %s, this version has %s; use the version that made it, or a new data directory", ErrRules, made, rules)
	}
	return nil
}

// version reads the schema version and refuses what is not for this program. An
// empty file is version 0.
func (s *Store) version(known int64) (version int64, err error) {
	schema, err := readSchema(s.conn)
	if err != nil {
		return 0, err
	}
	if schema.application == 0 && schema.version == 0 && schema.tables == 0 {
		return 0, nil
	}
	return schema.version, schema.check(known)
}

// schema says what a database file is.
type schema struct{ application, version, tables int64 }

func readSchema(q querier) (c schema, err error) {
	for query, into := range map[string]*int64{
		"PRAGMA application_id":              &c.application,
		"PRAGMA user_version":                &c.version,
		"SELECT count(*) FROM sqlite_schema": &c.tables,
	} {
		if err := q.QueryRowContext(context.Background(), query).Scan(into); err != nil {
			return c, fmt.Errorf("schema: %w", err)
		}
	}
	return c, nil
}

func (c schema) check(known int64) error {
	switch {
	case c.application != applicationID || c.version < 1:
		return ErrForeign
	case c.version > known:
		return fmt.Errorf("%w: schema %d, known up to %d", ErrNewer, c.version, known)
	}
	return nil
}

func (s *Store) exec(query string) error {
	_, err := s.conn.ExecContext(context.Background(), query)
	return err
}

// inTx runs work in one transaction. When it returns an error nothing of the
// work is in the database, unless COMMIT itself failed: then nobody knows, and
// only a restart reads the truth.
func (s *Store) inTx(work func() error) error {
	if err := s.exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	passing("begun")
	err := work()
	if err == nil {
		passing("worked")
		err = s.exec("COMMIT")
	}
	if err == nil {
		passing("committed")
		return nil
	}
	// SQLite rolls back by itself after some errors, such as a full disk.
	var open bool
	if rawErr := s.direct(func(conn *sqlite3.SQLiteConn) error { open = !conn.AutoCommit(); return nil }); rawErr != nil {
		return errors.Join(err, rawErr)
	}
	if open {
		return errors.Join(err, s.exec("ROLLBACK"))
	}
	return err
}
