-- The rules of the engine changed: a journal of the former ones is refused (see
-- ErrRules), so this step finds it and all that follows from it empty.
UPDATE settings SET value = '3' WHERE name = 'rules';

-- What was published on the level dealt on; the price is as good or better for
-- the client. Zero: no level.
ALTER TABLE fills ADD COLUMN quoted INTEGER NOT NULL DEFAULT 0;

DROP VIEW api_fills;

CREATE VIEW api_fills AS SELECT exec_id, trade_id, order_id, cl_ord_id, account, symbol, side, size, price, fee,
  liquidity, time_ns, quoted FROM fills;

DROP VIEW api_last_looks;

DROP TABLE last_looks;

-- How every held order was decided, with all that was known when it was quoted,
-- when it arrived and when it was decided. Prices and ratios in 1e-6.
CREATE TABLE last_looks (
  n INTEGER PRIMARY KEY,
  order_id TEXT NOT NULL UNIQUE REFERENCES orders(order_id),
  cl_ord_id TEXT NOT NULL,
  session TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
  size INTEGER NOT NULL,
  tier TEXT NOT NULL CHECK (tier <> ''),
  why TEXT NOT NULL,
  quote_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  arrival_ns INTEGER NOT NULL,
  decided_ns INTEGER NOT NULL,
  seen_ns INTEGER NOT NULL,
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

CREATE INDEX last_looks_by_time ON last_looks (decided_ns);

CREATE TRIGGER last_looks_no_update BEFORE UPDATE ON last_looks BEGIN SELECT RAISE(ABORT, 'last_looks is append-only'); END;

CREATE TRIGGER last_looks_no_delete BEFORE DELETE ON last_looks BEGIN SELECT RAISE(ABORT, 'last_looks is append-only'); END;

-- would_be is what a refused order would have dealt at; 0: nothing was offered.
CREATE VIEW api_last_looks AS SELECT order_id, account, symbol, side, size, arrival_ns, decided_ns, source_ns, quoted,
  oracle_before, oracle_after, move, tolerance, outcome, price, cl_ord_id, session, tier, why, quote_id, version, seen_ns,
  max(0, decided_ns - arrival_ns) / 1000 AS hold_us,
  CASE WHEN outcome IN ('against', 'invalid', 'expired') OR price = 0 THEN 0
    WHEN side = 'buy' THEN max(0, quoted - price) ELSE max(0, price - quoted) END AS improvement,
  CASE WHEN outcome IN ('against', 'invalid', 'expired') THEN price ELSE 0 END AS would_be FROM last_looks;

-- What a fill, or without an exec_id a refusal, looked like a while later. A
-- positive move is in the client's favour.
CREATE TABLE markouts (
  n INTEGER PRIMARY KEY,
  order_id TEXT NOT NULL,
  exec_id TEXT NOT NULL,
  session TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
  size INTEGER NOT NULL,
  horizon_ns INTEGER NOT NULL,
  oracle_before INTEGER NOT NULL,
  oracle_after INTEGER NOT NULL,
  move INTEGER NOT NULL,
  time_ns INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq)
) STRICT;

CREATE INDEX markouts_by_time ON markouts (time_ns);

CREATE TRIGGER markouts_no_update BEFORE UPDATE ON markouts BEGIN SELECT RAISE(ABORT, 'markouts is append-only'); END;

CREATE TRIGGER markouts_no_delete BEFORE DELETE ON markouts BEGIN SELECT RAISE(ABORT, 'markouts is append-only'); END;

CREATE VIEW api_markouts AS SELECT order_id, exec_id, session, account, symbol, side, size, horizon_ns, oracle_before,
  oracle_after, move, time_ns FROM markouts;

-- On which terms a session was quoted in a market from then on. Score is the t
-- statistic behind it in 1e-6; until_ns is the end of a strike, 0: none.
CREATE TABLE grades (
  n INTEGER PRIMARY KEY,
  time_ns INTEGER NOT NULL,
  session TEXT NOT NULL,
  symbol TEXT NOT NULL,
  tier_from TEXT NOT NULL,
  surcharge_from INTEGER NOT NULL,
  tier TEXT NOT NULL CHECK (tier <> ''),
  surcharge INTEGER NOT NULL,
  why TEXT NOT NULL,
  score INTEGER NOT NULL,
  until_ns INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq)
) STRICT;

CREATE INDEX grades_by_time ON grades (time_ns);

CREATE TRIGGER grades_no_update BEFORE UPDATE ON grades BEGIN SELECT RAISE(ABORT, 'grades is append-only'); END;

CREATE TRIGGER grades_no_delete BEFORE DELETE ON grades BEGIN SELECT RAISE(ABORT, 'grades is append-only'); END;

CREATE VIEW api_grades AS SELECT time_ns, session, symbol, tier_from, surcharge_from, tier, surcharge, why, score, until_ns FROM grades;

-- What the maker wanted to lay off outside (wanted: key, size) and what the
-- outside venue said of it (booked: position after it, variation).
CREATE TABLE hedges (
  n INTEGER PRIMARY KEY,
  time_ns INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('wanted', 'booked')),
  symbol TEXT NOT NULL,
  key TEXT NOT NULL,
  size INTEGER NOT NULL,
  position INTEGER NOT NULL,
  variation INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq)
) STRICT;

CREATE TRIGGER hedges_no_update BEFORE UPDATE ON hedges BEGIN SELECT RAISE(ABORT, 'hedges is append-only'); END;

CREATE TRIGGER hedges_no_delete BEFORE DELETE ON hedges BEGIN SELECT RAISE(ABORT, 'hedges is append-only'); END;

CREATE VIEW api_hedges AS SELECT time_ns, kind, symbol, key, size, position, variation FROM hedges;
