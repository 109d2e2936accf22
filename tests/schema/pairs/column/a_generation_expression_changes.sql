-- recreates: line.total
-- old
CREATE TABLE line (qty int, price numeric, total numeric GENERATED ALWAYS AS (qty * price) STORED);
CREATE INDEX line_total ON line (total);
CREATE VIEW totals AS SELECT total FROM line;
-- new
CREATE TABLE line (qty int, price numeric, total numeric GENERATED ALWAYS AS (qty * price * 1.19) STORED);
CREATE INDEX line_total ON line (total);
CREATE VIEW totals AS SELECT total FROM line;
-- data
INSERT INTO line VALUES (2, 100);
-- check: SELECT total::int FROM line; => 238
