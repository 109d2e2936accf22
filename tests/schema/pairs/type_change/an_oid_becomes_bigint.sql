-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c oid);
-- new
CREATE TABLE t (id int PRIMARY KEY, c bigint);
-- data
INSERT INTO t VALUES (1, 7);
-- check: SELECT c FROM t; => 7
