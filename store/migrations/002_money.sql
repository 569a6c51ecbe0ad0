-- What a journal leads to depends on the rules of the engine. A journal of
-- other rules is not replayed (see ErrRules); this step finds it empty.
CREATE TABLE settings (
  name TEXT PRIMARY KEY CHECK (name <> ''),
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO settings VALUES ('rules', '2');

DROP VIEW api_orders;

DROP TABLE orders;

-- The latest state of every order. A refused one keeps what was asked for.
-- Orders of the gateway's own, which liquidate, have no client order id.
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
  status TEXT NOT NULL CHECK (status IN ('pending_new', 'new', 'partially_filled', 'filled', 'canceled', 'rejected')),
  reason TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL,
  CHECK (status = 'rejected' OR (side IN ('buy', 'sell') AND size > 0 AND cum <= size))
) STRICT;

CREATE VIEW api_orders AS SELECT order_id, cl_ord_id, account, symbol, side, ord_type, tif, size, price, cum, avg_price,
  status, reason, created_ns, updated_ns FROM orders;

DROP VIEW api_funding;

DROP TABLE funding;

-- One row for each position of a booking and one for the maker: they sum to
-- zero. Payment is what the account received; rate is per day in 1e-6.
CREATE TABLE funding (
  n INTEGER PRIMARY KEY,
  funding_id TEXT NOT NULL CHECK (funding_id <> ''),
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  size INTEGER NOT NULL,
  payment INTEGER NOT NULL,
  rate INTEGER NOT NULL,
  time_ns INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq),
  UNIQUE (funding_id, account)
) STRICT;

CREATE TRIGGER funding_no_update BEFORE UPDATE ON funding BEGIN SELECT RAISE(ABORT, 'funding is append-only'); END;

CREATE TRIGGER funding_no_delete BEFORE DELETE ON funding BEGIN SELECT RAISE(ABORT, 'funding is append-only'); END;

CREATE VIEW api_funding AS SELECT funding_id, account, symbol, payment, rate, time_ns FROM funding;

-- What a bankrupt account could not pay, and who bore it.
CREATE TABLE losses (
  n INTEGER PRIMARY KEY,
  loss_id TEXT NOT NULL UNIQUE CHECK (loss_id <> ''),
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  loss INTEGER NOT NULL CHECK (loss > 0),
  insurance INTEGER NOT NULL CHECK (insurance >= 0),
  maker INTEGER NOT NULL CHECK (maker >= 0),
  socialised INTEGER NOT NULL CHECK (socialised >= 0),
  open INTEGER NOT NULL CHECK (open >= 0),
  time_ns INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq),
  CHECK (loss = insurance + maker + socialised + open)
) STRICT;

CREATE TRIGGER losses_no_update BEFORE UPDATE ON losses BEGIN SELECT RAISE(ABORT, 'losses is append-only'); END;

CREATE TRIGGER losses_no_delete BEFORE DELETE ON losses BEGIN SELECT RAISE(ABORT, 'losses is append-only'); END;

CREATE VIEW api_losses AS SELECT loss_id, account, symbol, loss, insurance, maker, socialised, open, time_ns FROM losses;

-- Commands of the desk and how they ended.
CREATE TABLE desk (
  n INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  command TEXT NOT NULL,
  by TEXT NOT NULL CHECK (by <> ''),
  verdict TEXT NOT NULL,
  text TEXT NOT NULL,
  time_ns INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq)
) STRICT;

CREATE TRIGGER desk_no_update BEFORE UPDATE ON desk BEGIN SELECT RAISE(ABORT, 'desk is append-only'); END;

CREATE TRIGGER desk_no_delete BEFORE DELETE ON desk BEGIN SELECT RAISE(ABORT, 'desk is append-only'); END;

CREATE VIEW api_desk AS SELECT key, command, by, verdict, text, time_ns, seq FROM desk;

-- How every held order was decided. Prices in 1e-6, ratios in 1e-6.
CREATE TABLE last_looks (
  n INTEGER PRIMARY KEY,
  order_id TEXT NOT NULL UNIQUE REFERENCES orders(order_id),
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
  size INTEGER NOT NULL,
  arrival_ns INTEGER NOT NULL,
  decided_ns INTEGER NOT NULL,
  source_ns INTEGER NOT NULL,
  quoted INTEGER NOT NULL,
  oracle_before INTEGER NOT NULL,
  oracle_after INTEGER NOT NULL,
  move INTEGER NOT NULL,
  tolerance INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome <> ''),
  price INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq)
) STRICT;

CREATE TRIGGER last_looks_no_update BEFORE UPDATE ON last_looks BEGIN SELECT RAISE(ABORT, 'last_looks is append-only'); END;

CREATE TRIGGER last_looks_no_delete BEFORE DELETE ON last_looks BEGIN SELECT RAISE(ABORT, 'last_looks is append-only'); END;

CREATE VIEW api_last_looks AS SELECT order_id, account, symbol, side, size, arrival_ns, decided_ns, source_ns, quoted,
  oracle_before, oracle_after, move, tolerance, outcome, price FROM last_looks;
