-- forbid: DROP COLUMN
-- one-way
-- old
CREATE TABLE line (qty int, price numeric, total numeric GENERATED ALWAYS AS (qty * price) STORED);
-- new
CREATE TABLE line (qty int, price numeric, total numeric);
-- data
INSERT INTO line VALUES (2, 3);
-- check: SELECT total FROM line; => 6
