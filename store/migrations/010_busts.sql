-- Trades that were taken back. Side, size and price are those of the fill, fee what
-- was given back, and realised by how much what the account has realised changed.
CREATE TABLE busts (
  n INTEGER PRIMARY KEY,
  exec_id TEXT NOT NULL UNIQUE,
  trade_id TEXT NOT NULL UNIQUE,
  order_id TEXT NOT NULL REFERENCES orders(order_id),
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
  size INTEGER NOT NULL CHECK (size > 0),
  price INTEGER NOT NULL CHECK (price > 0),
  fee INTEGER NOT NULL,
  realised INTEGER NOT NULL,
  by TEXT NOT NULL,
  reason TEXT NOT NULL,
  time_ns INTEGER NOT NULL,
  seq INTEGER NOT NULL REFERENCES journal(seq)
) STRICT;

CREATE INDEX busts_by_order ON busts (order_id);

CREATE TRIGGER busts_of_a_fill BEFORE INSERT ON busts WHEN NOT EXISTS (SELECT 1 FROM fills AS f WHERE f.trade_id = new.trade_id
  AND f.order_id = new.order_id AND f.account = new.account AND f.symbol = new.symbol AND f.side = new.side AND f.size = new.size
  AND f.price = new.price AND f.fee = new.fee)
  BEGIN SELECT RAISE(ABORT, 'a bust is of a fill'); END;

CREATE TRIGGER busts_no_update BEFORE UPDATE ON busts BEGIN SELECT RAISE(ABORT, 'busts is append-only'); END;

CREATE TRIGGER busts_no_delete BEFORE DELETE ON busts BEGIN SELECT RAISE(ABORT, 'busts is append-only'); END;

CREATE VIEW api_busts AS SELECT exec_id, trade_id, order_id, account, symbol, side, size, price, fee, realised, by, reason, time_ns FROM busts;

DROP VIEW api_fills;

-- busted: 1 if the trade was taken back, and nothing of it counts.
CREATE VIEW api_fills AS SELECT exec_id, trade_id, order_id, cl_ord_id, account, symbol, side, size, price, fee,
  liquidity, time_ns, quoted, EXISTS (SELECT 1 FROM busts AS b WHERE b.trade_id = f.trade_id) AS busted FROM fills AS f;
