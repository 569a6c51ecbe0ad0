package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

func (s *Store) setPragmas() error {
	for _, p := range pragmas {
		if _, err := s.conn.ExecContext(context.Background(), "PRAGMA "+p.name+"="+p.set); err != nil {
			return fmt.Errorf("pragma %s: %w", p.name, err)
		}
		var got string
		if err := s.conn.QueryRowContext(context.Background(), "PRAGMA "+p.name).Scan(&got); err != nil {
			return fmt.Errorf("pragma %s: %w", p.name, err)
		}
		if got != p.want {
			return fmt.Errorf("pragma %s is %s, want %s", p.name, got, p.want)
		}
	}
	return nil
}

// check looks for damage before anything is written.
func (s *Store) check() error {
	var verdict string
	if err := s.conn.QueryRowContext(context.Background(), "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("quick_check: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("database is damaged: %s", verdict)
	}
	rows, err := s.conn.QueryContext(context.Background(), "PRAGMA foreign_key_check")
	if err != nil {
		return fmt.Errorf("foreign_key_check: %w", err)
	}
	defer rows.Close()
	if rows.Next() {
		return errors.New("database is damaged: a row refers to one that is not there")
	}
	return rows.Err()
}

// migrate brings the schema up to date, each step in one transaction together
// with its number, so that a crash leaves the old version or the new one.
func (s *Store) migrate() error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	var version int
	if err := s.conn.QueryRowContext(context.Background(), "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("schema version: %w", err)
	}
	if version > len(names) {
		return fmt.Errorf("%w: schema %d, known up to %d", ErrNewer, version, len(names))
	}
	for i := version; i < len(names); i++ {
		src, err := fs.ReadFile(migrations, names[i])
		if err != nil {
			return fmt.Errorf("migrations: %w", err)
		}
		if err := s.inTx(func(tx *sql.Tx) error {
			_, err := tx.Exec(string(src) + fmt.Sprintf("\nPRAGMA user_version = %d;", i+1))
			return err
		}); err != nil {
			return fmt.Errorf("migration %s: %w", strings.TrimPrefix(names[i], "migrations/"), err)
		}
	}
	return nil
}

func (s *Store) inTx(work func(*sql.Tx) error) error {
	tx, err := s.conn.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		// The first error is the one that matters; a failed rollback leaves a
		// transaction that SQLite drops with the connection.
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// tail reads where the journal ends.
func (s *Store) tail() error {
	err := s.conn.QueryRowContext(context.Background(), "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").Scan(&s.seq, &s.hash)
	if errors.Is(err, sql.ErrNoRows) {
		s.hash = make([]byte, 32)
		return nil
	}
	return err
}
