-- How many events of an account its sessions were told (AccountEventSeq, 22007).
CREATE TABLE account_events (
  account TEXT PRIMARY KEY CHECK (account <> ''),
  events INTEGER NOT NULL CHECK (events > 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER account_events_forward BEFORE UPDATE ON account_events WHEN new.events <= old.events
  BEGIN SELECT RAISE(ABORT, 'events of an account do not go back'); END;

CREATE TRIGGER account_events_no_delete BEFORE DELETE ON account_events BEGIN SELECT RAISE(ABORT, 'account_events only grows'); END;
