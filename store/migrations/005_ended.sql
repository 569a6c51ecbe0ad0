-- The rules of the engine changed: a journal of the former ones is refused (see
-- ErrRules), so this step finds no orders.
UPDATE settings SET value = '4' WHERE name = 'rules';

-- Number of the command that ended an order; 0 while it may still fill. The event
-- of that command holds the order as a request that names it needs it.
ALTER TABLE orders ADD COLUMN ended INTEGER NOT NULL DEFAULT 0 CHECK (ended >= 0);
