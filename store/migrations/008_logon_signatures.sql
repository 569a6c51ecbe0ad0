-- Signatures of Logons that were accepted lately, by the hash of what was signed:
-- none is accepted again while its time has not passed.
CREATE TABLE logon_signatures (
  session TEXT NOT NULL CHECK (session <> ''),
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  until_ns INTEGER NOT NULL CHECK (until_ns > 0),
  PRIMARY KEY (session, digest)
) STRICT, WITHOUT ROWID;
