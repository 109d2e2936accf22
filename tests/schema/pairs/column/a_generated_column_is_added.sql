-- old
CREATE TABLE line (qty int, price numeric);
-- new
CREATE TABLE line (qty int, price numeric, total numeric GENERATED ALWAYS AS (qty * price) STORED);
-- data
INSERT INTO line VALUES (2, 3);
-- check: SELECT total FROM line; => 6
