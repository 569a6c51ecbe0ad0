-- A quote that is given once keeps the id of its request, and a refusal names the
-- field that the door found: a journal of the former rules is refused (see
-- ErrRules), so this step finds it and all that follows from it empty.
UPDATE settings SET value = '6' WHERE name = 'rules';
