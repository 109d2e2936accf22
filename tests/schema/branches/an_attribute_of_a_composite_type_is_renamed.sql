-- require: RENAME ATTRIBUTE a TO aa
-- forbid: CREATE TYPE|DROP
-- base
CREATE TYPE c AS (a int, b text); COMMENT ON COLUMN c.a IS 'first';
CREATE TABLE t (y c, l c[], CHECK ((y).a > 0)); CREATE INDEX i ON t (((y).a));
CREATE VIEW v AS SELECT (y).a AS number, (y).b FROM t;
CREATE FUNCTION f(c) RETURNS int LANGUAGE sql RETURN ($1).a;
-- old
-- new
ALTER TYPE c RENAME ATTRIBUTE a TO aa; ALTER TYPE c RENAME ATTRIBUTE b TO "B";
-- data
INSERT INTO t VALUES (ROW(1, 'x'));
-- check: SELECT (y).aa, (y)."B" FROM t; => 1|x
