-- One statement a paragraph: the migration runs paragraph by paragraph.
-- Amounts are integers in the units of package perp.

-- What went into the engine, as a hash chain: h covers the row before it, the
-- row, and the events it led to.
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  time_ns INTEGER NOT NULL,
  source TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind <> ''),
  payload BLOB NOT NULL,
  h BLOB NOT NULL CHECK (length(h) = 32)
) STRICT;

-- What came out of it, as JSON. n counts all events of a command; quotes leave
-- gaps in it, for they are not kept: replay makes them again.
CREATE TABLE events (
  seq INTEGER NOT NULL REFERENCES journal(seq),
  n INTEGER NOT NULL CHECK (n >= 0),
  kind TEXT NOT NULL CHECK (kind <> ''),
  payload TEXT NOT NULL,
  PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;

-- Where the two chains end: without it a cut tail would look whole.
CREATE TABLE chains (
  name TEXT PRIMARY KEY,
  last INTEGER NOT NULL,
  h BLOB NOT NULL CHECK (length(h) = 32)
) STRICT, WITHOUT ROWID;

INSERT INTO chains VALUES ('journal', 0, zeroblob(32)), ('fix_out', 0, zeroblob(32));

-- The latest state of every order. A refused one keeps what was asked for.
CREATE TABLE orders (
  order_id TEXT PRIMARY KEY CHECK (order_id <> ''),
  cl_ord_id TEXT NOT NULL,
  first_cl_ord_id TEXT NOT NULL,
  session TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  ord_type TEXT NOT NULL,
  tif TEXT NOT NULL,
  size INTEGER NOT NULL,
  price INTEGER NOT NULL,
  quote_id TEXT NOT NULL,
  cum INTEGER NOT NULL CHECK (cum >= 0),
  avg_price INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('new', 'partially_filled', 'filled', 'canceled', 'rejected')),
  reason TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL,
  CHECK (status = 'rejected' OR (side IN ('buy', 'sell') AND size > 0 AND cum <= size))
) STRICT;

-- Every client order id that ever took effect: of orders, cancels and replaces.
CREATE TABLE client_ids (
  account TEXT NOT NULL,
  cl_ord_id TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders(order_id),
  PRIMARY KEY (account, cl_ord_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE fills (
  n INTEGER PRIMARY KEY,
  exec_id TEXT NOT NULL UNIQUE,
  trade_id TEXT NOT NULL UNIQUE,
  order_id TEXT NOT NULL REFERENCES orders(order_id),
  cl_ord_id TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
  size INTEGER NOT NULL CHECK (size > 0),
  price INTEGER NOT NULL CHECK (price > 0),
  fee INTEGER NOT NULL,
  liquidity TEXT NOT NULL CHECK (liquidity IN ('added', 'removed')),
  realised INTEGER NOT NULL,
  time_ns INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq)
) STRICT;

CREATE INDEX fills_by_order ON fills (order_id);

CREATE TABLE positions (
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  size INTEGER NOT NULL,
  entry_notional INTEGER NOT NULL,
  PRIMARY KEY (account, symbol)
) STRICT, WITHOUT ROWID;

-- What each account of the books holds. Only the trigger on transfers moves it.
CREATE TABLE balances (
  owner TEXT NOT NULL CHECK (owner <> ''),
  account TEXT NOT NULL CHECK (account <> ''),
  currency TEXT NOT NULL DEFAULT 'USDC',
  balance INTEGER NOT NULL CHECK (account <> 'cash' OR balance >= 0),
  PRIMARY KEY (owner, account)
) STRICT, WITHOUT ROWID;

-- One row moves amount from one account to another: it balances by itself.
CREATE TABLE transfers (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  debit_owner TEXT NOT NULL,
  debit_account TEXT NOT NULL,
  credit_owner TEXT NOT NULL,
  credit_account TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  reason TEXT NOT NULL CHECK (reason <> ''),
  ref TEXT NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq),
  CHECK (debit_owner <> credit_owner OR debit_account <> credit_account)
) STRICT;

CREATE TRIGGER transfers_move AFTER INSERT ON transfers BEGIN
  INSERT INTO balances (owner, account, balance) VALUES (NEW.debit_owner, NEW.debit_account, 0)
    ON CONFLICT DO NOTHING;
  INSERT INTO balances (owner, account, balance) VALUES (NEW.credit_owner, NEW.credit_account, 0)
    ON CONFLICT DO NOTHING;
  UPDATE balances SET balance = balance - NEW.amount WHERE owner = NEW.debit_owner AND account = NEW.debit_account;
  UPDATE balances SET balance = balance + NEW.amount WHERE owner = NEW.credit_owner AND account = NEW.credit_account;
END;

CREATE TABLE settlements (
  settlement_id TEXT PRIMARY KEY CHECK (settlement_id <> ''),
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  claim INTEGER NOT NULL,
  cash INTEGER NOT NULL,
  deferred INTEGER NOT NULL,
  time_ns INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq),
  CHECK (claim = cash + deferred)
) STRICT;

-- No command pays funding yet, so this table is empty.
CREATE TABLE funding (
  funding_id TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  payment INTEGER NOT NULL,
  rate INTEGER NOT NULL,
  time_ns INTEGER NOT NULL,
  PRIMARY KEY (funding_id, account)
) STRICT, WITHOUT ROWID;

-- Next numbers of every session and epoch; the highest epoch is the live one.
CREATE TABLE fix_sessions (
  session TEXT NOT NULL CHECK (session <> ''),
  epoch INTEGER NOT NULL CHECK (epoch > 0),
  in_seq INTEGER NOT NULL CHECK (in_seq > 0),
  out_seq INTEGER NOT NULL CHECK (out_seq > 0),
  out_reserved INTEGER NOT NULL CHECK (out_reserved >= 0),
  created_ns INTEGER NOT NULL,
  PRIMARY KEY (session, epoch)
) STRICT, WITHOUT ROWID;

-- Outbound messages that clients may ask for again, as a second hash chain.
CREATE TABLE fix_out (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  session TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL CHECK (seq > 0),
  time_ns INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  h BLOB NOT NULL CHECK (length(h) = 32),
  UNIQUE (session, epoch, seq),
  FOREIGN KEY (session, epoch) REFERENCES fix_sessions (session, epoch)
) STRICT;

CREATE TABLE snapshots (
  seq INTEGER PRIMARY KEY,
  time_ns INTEGER NOT NULL,
  hash TEXT NOT NULL,
  sum BLOB NOT NULL CHECK (length(sum) = 32),
  state BLOB NOT NULL
) STRICT;

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;

CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;

CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;

CREATE TRIGGER fills_no_update BEFORE UPDATE ON fills BEGIN SELECT RAISE(ABORT, 'fills is append-only'); END;

CREATE TRIGGER fills_no_delete BEFORE DELETE ON fills BEGIN SELECT RAISE(ABORT, 'fills is append-only'); END;

CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers BEGIN SELECT RAISE(ABORT, 'transfers is append-only'); END;

CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers BEGIN SELECT RAISE(ABORT, 'transfers is append-only'); END;

CREATE TRIGGER settlements_no_update BEFORE UPDATE ON settlements BEGIN SELECT RAISE(ABORT, 'settlements is append-only'); END;

CREATE TRIGGER settlements_no_delete BEFORE DELETE ON settlements BEGIN SELECT RAISE(ABORT, 'settlements is append-only'); END;

CREATE TRIGGER fix_out_no_update BEFORE UPDATE ON fix_out BEGIN SELECT RAISE(ABORT, 'fix_out is append-only'); END;

CREATE TRIGGER fix_out_no_delete BEFORE DELETE ON fix_out BEGIN SELECT RAISE(ABORT, 'fix_out is append-only'); END;

CREATE TRIGGER client_ids_no_update BEFORE UPDATE ON client_ids BEGIN SELECT RAISE(ABORT, 'client_ids is append-only'); END;

CREATE TRIGGER client_ids_no_delete BEFORE DELETE ON client_ids BEGIN SELECT RAISE(ABORT, 'client_ids is append-only'); END;

CREATE TRIGGER funding_no_update BEFORE UPDATE ON funding BEGIN SELECT RAISE(ABORT, 'funding is append-only'); END;

CREATE TRIGGER funding_no_delete BEFORE DELETE ON funding BEGIN SELECT RAISE(ABORT, 'funding is append-only'); END;

CREATE VIEW api_orders AS SELECT order_id, cl_ord_id, account, symbol, side, ord_type, tif, size, price, cum, avg_price,
  status, reason, created_ns, updated_ns FROM orders;

CREATE VIEW api_fills AS SELECT exec_id, trade_id, order_id, cl_ord_id, account, symbol, side, size, price, fee,
  liquidity, time_ns FROM fills;

CREATE VIEW api_positions AS SELECT account, symbol, size, entry_notional FROM positions;

CREATE VIEW api_balances AS SELECT owner, account, currency, balance FROM balances;

CREATE VIEW api_settlements AS SELECT settlement_id, account, symbol, claim, cash, deferred, time_ns FROM settlements;

CREATE VIEW api_funding AS SELECT funding_id, account, symbol, payment, rate, time_ns FROM funding;

CREATE VIEW api_journal AS SELECT seq, time_ns, kind, source FROM journal;
