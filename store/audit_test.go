package store

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"backstop/perp"
)

// deskBatch is a batch of commands of the desk, from seq on, each answered once.
func deskBatch(seq int64, reasons ...string) (b perp.Batch) {
	for i, why := range reasons {
		key := fmt.Sprint("k", seq+int64(i))
		b.Entries = append(b.Entries, perp.Entry{
			Seq: seq + int64(i), Time: perp.Time(100 + seq), Source: sourceOperator, Kind: "SetMarket", Payload: []byte(`{"Reason":"` + why + `"}`),
			Events: []perp.Event{perp.OperatorAnswered{Key: key, Command: "SetMarket", By: "uid 7", Text: "done"}},
		})
	}
	return b
}

// TestAudit: every command of the desk is listed with who, what, why and how it
// ended; a change behind the store's back is named.
func TestAudit(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"", ""},
		{"UPDATE desk SET by = 'uid 8' WHERE n = 2", "desk row 2"},
		{"UPDATE desk SET verdict = 'WRONG_STATE' WHERE n = 1", "desk row 1"},
		{"DELETE FROM desk WHERE n = 3", "desk row 3"},
		{"INSERT INTO desk SELECT 4, key, command, by, verdict, text, time_ns, seq FROM desk WHERE n = 3", "rows in desk"},
		{"UPDATE journal SET payload = CAST(replace(payload, 'drill', 'theft') AS BLOB) WHERE source = 'operator'", "journal row"},
		{"UPDATE journal SET source = 'clock' WHERE source = 'operator'", "journal row"},
		{"UPDATE journal SET events = '[]' WHERE source = 'operator'", "journal row"},
	} {
		dir := t.TempDir()
		s := open(t, dir)
		commit(t, s, newWorld(1).batch(5), deskBatch(6, "drill", "over", "again"))
		closeStore(t, s)
		if c.sql != "" {
			tamper(t, dir, c.sql)
		}
		r, err := OpenReadOnly(dir)
		if err != nil {
			t.Fatal(err)
		}
		n, found, err := r.VerifyAudit()
		if err != nil || (len(found) > 0) != (c.want != "") || c.want != "" && !strings.Contains(fmt.Sprint(found), c.want) {
			t.Errorf("%q: found %v, %v; want %q", c.sql, found, err, c.want)
		}
		if c.sql == "" {
			listed(t, r, n)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func listed(t *testing.T, r *Reader, n int64) {
	t.Helper()
	var last AuditRow
	count := int64(0)
	err := r.Audit(func(a AuditRow) error {
		last, count = a, count+1
		return nil
	})
	want := AuditRow{3, 8, 106, "uid 7", "SetMarket", "k8", "", "done", []byte(`{"Reason":"again"}`)}
	if err != nil || count != n || n != 3 || !reflect.DeepEqual(last, want) {
		t.Errorf("%d of %d rows, the last %+v, %v; want %+v", count, n, last, err, want)
	}
}

// TestUnansweredCommandIsADifference: a command of the desk without its answer
// has no row of the audit, and that shows.
func TestUnansweredCommandIsADifference(t *testing.T) {
	s := open(t, t.TempDir())
	b := deskBatch(1, "drill")
	b.Entries[0].Events = nil
	commit(t, s, b)
	if n, found, err := s.VerifyAudit(); n != 1 || len(found) != 1 || err != nil {
		t.Errorf("%d commands, %v, %v", n, found, err)
	}
}

// TestNotesOfTheGuardAreAudited: what the guard notes is listed and checked like a
// command of the desk, without being counted as one.
func TestNotesOfTheGuardAreAudited(t *testing.T) {
	note := func(events ...perp.Event) perp.Batch {
		return perp.Batch{Entries: []perp.Entry{{
			Seq: 1, Time: 101, Source: sourceGuard, Kind: "LogonsRefused", Payload: []byte(`{"Count":7}`), Events: events,
		}}}
	}
	for want, b := range map[int]perp.Batch{
		0: note(perp.OperatorAnswered{Key: "guard/1", Command: "LogonsRefused", By: "guard", Text: "7 refused"}),
		1: note(),
	} {
		s := open(t, t.TempDir())
		commit(t, s, b)
		n, found, err := s.VerifyAudit()
		if n != 0 || len(found) != want || err != nil {
			t.Errorf("%d commands, %v, %v; want 0 and %d differences", n, found, err, want)
		}
		rows := 0
		err = s.Audit(func(a AuditRow) error {
			rows++
			if a.By != "guard" || a.Text != "7 refused" {
				t.Errorf("%+v", a)
			}
			return nil
		})
		if rows != 1-want || err != nil {
			t.Errorf("%d rows, %v", rows, err)
		}
	}
}
