-- The hash chain covers the events of a command as one text, so a journal from
-- before is refused (see ErrRules) and this step finds it and all that follows
-- from it empty.
UPDATE settings SET value = '5' WHERE name = 'rules';

DROP TABLE events;

-- What came out of a command stands in its own row, as a JSON list of [n, kind,
-- payload]. n counts all events of the command; quotes leave gaps in it.
ALTER TABLE journal ADD COLUMN events TEXT NOT NULL DEFAULT '[]';

CREATE VIEW events AS SELECT j.seq, e.value ->> 0 AS n, e.value ->> 1 AS kind, e.value -> 2 AS payload
  FROM journal AS j, json_each(j.events) AS e;

DROP VIEW api_orders;

DROP TABLE orders;

-- The latest state of every order. A refused one keeps what was asked for.
-- Orders of the gateway's own, which liquidate, have no client order id. ended is
-- the number of the command that ended it, 0 while it may still fill; the event of
-- that command holds the order as a request that names it needs it.
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
  ended INTEGER NOT NULL DEFAULT 0 CHECK (ended >= 0),
  CHECK (status = 'rejected' OR (side IN ('buy', 'sell') AND size > 0 AND cum <= size))
) STRICT, WITHOUT ROWID;

CREATE VIEW api_orders AS SELECT order_id, cl_ord_id, account, symbol, side, ord_type, tif, size, price, cum, avg_price,
  status, reason, created_ns, updated_ns FROM orders;

DROP TRIGGER transfers_move;

-- How far the transfers are in the balances: always to the end of the journal.
CREATE TABLE posted (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  last INTEGER NOT NULL CHECK (last >= 0)
) STRICT;

INSERT INTO posted VALUES (1, 0);

CREATE TRIGGER posted_forward BEFORE UPDATE ON posted WHEN new.last < old.last
  BEGIN SELECT RAISE(ABORT, 'posted does not go back'); END;

CREATE TRIGGER posted_no_delete BEFORE DELETE ON posted BEGIN SELECT RAISE(ABORT, 'posted does not go back'); END;

-- A batch of transfers moves each balance once, when the end of the journal moves:
-- what one account loses and another gains comes from the same rows.
CREATE TRIGGER journal_posts AFTER UPDATE ON chains WHEN new.name = 'journal' BEGIN
  INSERT INTO balances (owner, account, balance)
    SELECT owner, account, sum(amount) + coalesce((SELECT b.balance FROM balances AS b WHERE b.owner = moved.owner AND b.account = moved.account), 0)
    FROM (SELECT debit_owner AS owner, debit_account AS account, -amount AS amount FROM transfers WHERE id > (SELECT last FROM posted)
      UNION ALL SELECT credit_owner, credit_account, amount FROM transfers WHERE id > (SELECT last FROM posted)) AS moved
    GROUP BY owner, account
    ON CONFLICT DO UPDATE SET balance = excluded.balance;
  UPDATE posted SET last = coalesce((SELECT max(id) FROM transfers), 0);
END;

DROP VIEW api_markouts;

DROP TABLE markouts;

-- Commands at which markouts fell due. What they were is in their events: a price
-- can tell of thousands.
CREATE TABLE marked (
  n INTEGER PRIMARY KEY,
  time_ns INTEGER NOT NULL,
  seq INTEGER NOT NULL UNIQUE REFERENCES journal(seq)
) STRICT;

CREATE INDEX marked_by_time ON marked (time_ns);

CREATE TRIGGER marked_no_update BEFORE UPDATE ON marked BEGIN SELECT RAISE(ABORT, 'marked is append-only'); END;

CREATE TRIGGER marked_no_delete BEFORE DELETE ON marked BEGIN SELECT RAISE(ABORT, 'marked is append-only'); END;

-- What a fill, or without an exec_id a refusal, looked like a while later. A
-- positive move is in the client's favour.
CREATE VIEW api_markouts AS SELECT e.value ->> '$[2].OrderID' AS order_id, e.value ->> '$[2].ExecID' AS exec_id,
  e.value ->> '$[2].Session' AS session, e.value ->> '$[2].Account' AS account, e.value ->> '$[2].Symbol' AS symbol,
  CASE e.value ->> '$[2].Side' WHEN 1 THEN 'buy' ELSE 'sell' END AS side, e.value ->> '$[2].Size' AS size,
  e.value ->> '$[2].Horizon' AS horizon_ns, e.value ->> '$[2].Before' AS oracle_before, e.value ->> '$[2].After' AS oracle_after,
  e.value ->> '$[2].Move' AS move, m.time_ns FROM marked AS m JOIN journal AS j ON j.seq = m.seq, json_each(j.events) AS e
  WHERE e.value ->> 1 = 'MarkedOut';

-- Markets whose positions were closed without a fill.
CREATE TABLE expired (
  n INTEGER PRIMARY KEY,
  symbol TEXT NOT NULL,
  time_ns INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq)
) STRICT;

CREATE TRIGGER expired_no_update BEFORE UPDATE ON expired BEGIN SELECT RAISE(ABORT, 'expired is append-only'); END;

CREATE TRIGGER expired_no_delete BEFORE DELETE ON expired BEGIN SELECT RAISE(ABORT, 'expired is append-only'); END;
