-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c int[]);
-- new
CREATE TABLE t (id int PRIMARY KEY, c bigint[]);
-- data
INSERT INTO t VALUES (1, '{1,2}');
-- check: SELECT c FROM t; => {1,2}
