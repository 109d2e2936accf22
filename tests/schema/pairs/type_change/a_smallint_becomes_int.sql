-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c smallint);
-- new
CREATE TABLE t (id int PRIMARY KEY, c int);
-- data
INSERT INTO t VALUES (1, 4);
-- check: SELECT c FROM t; => 4
