-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c bytea);
-- new
CREATE TABLE t (id int PRIMARY KEY, c text);
-- data
INSERT INTO t VALUES (1, 'abc');
-- check: SELECT count(c) FROM t; => 1
