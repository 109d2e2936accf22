-- forbid: DROP COLUMN
-- old
CREATE TABLE t (e text NOT NULL);
-- new
CREATE DOMAIN email AS text CHECK (VALUE ~ '@');
CREATE TABLE t (e email NOT NULL);
-- data
INSERT INTO t VALUES ('a@b');
-- check: SELECT e FROM t; => a@b
