-- What the client has shown to have: every message of the epoch below this
-- number. What was kept from there on is sent again after a sequence reset.
-- Of sessions from before nothing is known.
ALTER TABLE fix_sessions ADD COLUMN acked INTEGER NOT NULL DEFAULT 1 CHECK (acked > 0);

CREATE TRIGGER fix_sessions_acked BEFORE UPDATE OF acked ON fix_sessions WHEN new.acked < old.acked
  BEGIN SELECT RAISE(ABORT, 'acked does not go back'); END;
