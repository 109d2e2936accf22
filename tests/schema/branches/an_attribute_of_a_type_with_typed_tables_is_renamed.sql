-- require: RENAME ATTRIBUTE
-- forbid: DROP|RENAME COLUMN
-- base
CREATE TYPE c AS (a int, b text); CREATE TABLE t OF c (PRIMARY KEY (a)); CREATE VIEW v AS SELECT a, b FROM t;
-- old
-- new
ALTER TYPE c RENAME ATTRIBUTE a TO id CASCADE;
-- data
INSERT INTO t VALUES (1, 'x');
-- check: SELECT id, b FROM t; => 1|x
