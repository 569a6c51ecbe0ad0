CREATE TABLE journal (
  seq INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL,
  payload BLOB NOT NULL, hash BLOB NOT NULL CHECK (length(hash) = 32)) STRICT;
CREATE TABLE events (
  seq INTEGER NOT NULL REFERENCES journal(seq), n INTEGER NOT NULL, kind TEXT NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (seq, n)) STRICT, WITHOUT ROWID;
CREATE TABLE orders (
  order_id TEXT PRIMARY KEY, cl_ord_id TEXT NOT NULL, first_cl_ord_id TEXT NOT NULL, session TEXT NOT NULL,
  account TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL, ord_type TEXT NOT NULL, tif TEXT NOT NULL,
  size INTEGER NOT NULL, price INTEGER NOT NULL, cum INTEGER NOT NULL CHECK (cum >= 0), avg_price INTEGER NOT NULL,
  status TEXT NOT NULL, reason TEXT NOT NULL, created_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL) STRICT;
CREATE TABLE client_ids (
  account TEXT NOT NULL, cl_ord_id TEXT NOT NULL, order_id TEXT NOT NULL REFERENCES orders(order_id),
  PRIMARY KEY (account, cl_ord_id)) STRICT, WITHOUT ROWID;
CREATE TABLE fills (
  exec_id TEXT PRIMARY KEY, trade_id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL REFERENCES orders(order_id),
  cl_ord_id TEXT NOT NULL, account TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
  size INTEGER NOT NULL CHECK (size > 0), price INTEGER NOT NULL CHECK (price > 0), fee INTEGER NOT NULL,
  liquidity TEXT NOT NULL, time_ns INTEGER NOT NULL) STRICT;
CREATE TABLE positions (
  account TEXT NOT NULL, symbol TEXT NOT NULL, size INTEGER NOT NULL, entry_notional INTEGER NOT NULL,
  PRIMARY KEY (account, symbol)) STRICT, WITHOUT ROWID;
CREATE TABLE balances (
  owner TEXT NOT NULL, account TEXT NOT NULL, balance INTEGER NOT NULL,
  PRIMARY KEY (owner, account)) STRICT, WITHOUT ROWID;
CREATE TABLE transfers (
  id INTEGER PRIMARY KEY, seq INTEGER NOT NULL REFERENCES journal(seq),
  debit_owner TEXT NOT NULL, debit_account TEXT NOT NULL, credit_owner TEXT NOT NULL, credit_account TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0), reason TEXT NOT NULL, ref TEXT NOT NULL,
  CHECK (debit_owner <> credit_owner OR debit_account <> credit_account)) STRICT;
CREATE TABLE settlements (
  settlement_id TEXT PRIMARY KEY, account TEXT NOT NULL, symbol TEXT NOT NULL, claim INTEGER NOT NULL,
  cash INTEGER NOT NULL, deferred INTEGER NOT NULL, time_ns INTEGER NOT NULL, CHECK (claim = cash + deferred)) STRICT;
CREATE TABLE fundings (
  funding_id TEXT NOT NULL, account TEXT NOT NULL, symbol TEXT NOT NULL, payment INTEGER NOT NULL, rate INTEGER NOT NULL,
  time_ns INTEGER NOT NULL, PRIMARY KEY (funding_id, account)) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
  seq INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, hash TEXT NOT NULL, sum BLOB NOT NULL, state BLOB NOT NULL) STRICT;
CREATE TABLE fix_sessions (
  session TEXT PRIMARY KEY, epoch INTEGER NOT NULL, in_seq INTEGER NOT NULL, out_seq INTEGER NOT NULL,
  out_reserved INTEGER NOT NULL, created_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE fix_out (
  session TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (session, epoch, seq)) STRICT, WITHOUT ROWID;
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
CREATE TRIGGER transfers_move AFTER INSERT ON transfers BEGIN
  INSERT INTO balances VALUES (NEW.debit_owner, NEW.debit_account, -NEW.amount)
    ON CONFLICT DO UPDATE SET balance = balance - NEW.amount;
  INSERT INTO balances VALUES (NEW.credit_owner, NEW.credit_account, NEW.amount)
    ON CONFLICT DO UPDATE SET balance = balance + NEW.amount;
END;
CREATE VIEW api_orders AS SELECT order_id, cl_ord_id, account, symbol, side, ord_type, tif, size, price, cum, avg_price,
  status, reason, created_ns, updated_ns FROM orders;
CREATE VIEW api_fills AS SELECT exec_id, trade_id, order_id, cl_ord_id, account, symbol, side, size, price, fee, liquidity,
  time_ns FROM fills;
CREATE VIEW api_positions AS SELECT account, symbol, size, entry_notional FROM positions;
CREATE VIEW api_balances AS SELECT owner, account, 'USDC' AS currency, balance FROM balances;
CREATE VIEW api_settlements AS SELECT settlement_id, account, symbol, claim, cash, deferred, time_ns FROM settlements;
CREATE VIEW api_funding AS SELECT funding_id, account, symbol, payment, rate, time_ns FROM fundings;
CREATE VIEW api_journal AS SELECT seq, time_ns, kind, source FROM journal;
