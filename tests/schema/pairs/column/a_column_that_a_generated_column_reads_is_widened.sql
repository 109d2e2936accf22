-- forbid: DROP TABLE|DROP COLUMN qty
-- recreates: line.double
-- old
CREATE TABLE line (qty int, double int GENERATED ALWAYS AS (qty * 2) STORED);
-- new
CREATE TABLE line (qty bigint, double bigint GENERATED ALWAYS AS (qty * 2) STORED);
-- data
INSERT INTO line VALUES (2);
-- check: SELECT double FROM line; => 4
