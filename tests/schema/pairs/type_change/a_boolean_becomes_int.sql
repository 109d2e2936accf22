-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c boolean);
-- new
CREATE TABLE t (id int PRIMARY KEY, c int);
-- data
INSERT INTO t VALUES (1, true);
-- check: SELECT c FROM t; => 1
