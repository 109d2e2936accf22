-- require: RENAME ATTRIBUTE
-- forbid: CREATE TYPE|DROP TYPE
-- base
CREATE TYPE c AS (a int, b text, gone int); CREATE TYPE outside AS (inside c, more int); CREATE TABLE t (y c, z outside);
-- old
-- new
ALTER TYPE c RENAME ATTRIBUTE a TO x; ALTER TYPE c RENAME ATTRIBUTE b TO a; ALTER TYPE c RENAME ATTRIBUTE x TO b; ALTER TYPE c DROP ATTRIBUTE gone; ALTER TYPE c ADD ATTRIBUTE added text;
ALTER TYPE c RENAME TO d; ALTER TYPE outside RENAME ATTRIBUTE inside TO within;
-- data
INSERT INTO t VALUES (ROW(1, 'x', 2), ROW(ROW(3, 'y', 4), 5));
-- check: SELECT (y).b, (y).a, ((z).within).b FROM t; => 1|x|3
