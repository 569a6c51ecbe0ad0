-- What each commit does makes no table for itself. SQLite makes one of a list of more
-- than two values, of what an UPDATE without a key finds, and of what is selected from
-- the table that it goes to; one for a commit of one order costs more than its rows.

-- The rows of orders stay, and what they must be; only how it is said changes.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (status IN (''pending_new'', ''new'', ''partially_filled'', ''filled'', ''canceled'', ''rejected''))',
    'CHECK (instr('' pending_new new partially_filled filled canceled rejected '', '' '' || status || '' '') > 0 AND instr(status, '' '') = 0)')
  WHERE type = 'table' AND name = 'orders';

PRAGMA writable_schema = RESET;

DROP TRIGGER journal_posts;

-- A batch of transfers moves the balances when the end of the journal moves: what one
-- account loses and another gains comes from the same rows. What is gained comes first,
-- so that no balance is lower in between than it is before or after. Accounts that lose
-- are entered at zero: SQLite checks a row before it looks whether it is there.
CREATE TRIGGER journal_posts AFTER UPDATE ON chains WHEN new.name = 'journal' BEGIN
  INSERT INTO balances (owner, account, balance)
    SELECT credit_owner, credit_account, amount FROM transfers WHERE id > (SELECT last FROM posted WHERE one = 1)
    ON CONFLICT DO UPDATE SET balance = balance + excluded.balance;
  INSERT INTO balances (owner, account, balance)
    SELECT debit_owner, debit_account, 0 FROM transfers WHERE id > (SELECT last FROM posted WHERE one = 1)
    ON CONFLICT DO NOTHING;
  INSERT INTO balances (owner, account, balance)
    SELECT debit_owner, debit_account, amount FROM transfers WHERE id > (SELECT last FROM posted WHERE one = 1)
    ON CONFLICT DO UPDATE SET balance = balance - excluded.balance;
  UPDATE posted SET last = coalesce((SELECT max(id) FROM transfers), 0) WHERE one = 1;
END;
