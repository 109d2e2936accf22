-- require: RENAME COLUMN
-- forbid: DROP COLUMN|ADD COLUMN
-- base
CREATE TABLE t (id int PRIMARY KEY, qty int DEFAULT 1);
-- old
-- new
ALTER TABLE t RENAME COLUMN qty TO quantity;
ALTER TABLE t ALTER COLUMN quantity TYPE bigint, ALTER COLUMN quantity SET NOT NULL;
-- data
INSERT INTO t VALUES (1, 5);
-- check: SELECT quantity FROM t; => 5
