-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c int);
-- new
CREATE TABLE t (id int PRIMARY KEY, c numeric(12,2));
-- data
INSERT INTO t VALUES (1, 4);
-- check: SELECT c FROM t; => 4.00
