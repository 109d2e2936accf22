-- forbid: DROP COLUMN
-- old
CREATE TABLE t (name text);
CREATE INDEX t_name ON t (name);
-- new
CREATE TABLE t (name text COLLATE "C");
CREATE INDEX t_name ON t (name);
-- data
INSERT INTO t VALUES ('z');
-- check: SELECT name FROM t; => z
