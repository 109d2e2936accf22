-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c int4range);
-- new
CREATE TABLE t (id int PRIMARY KEY, c int8range);
-- data
INSERT INTO t VALUES (1, '[1,5)');
-- check: SELECT c FROM t; => [1,5)
