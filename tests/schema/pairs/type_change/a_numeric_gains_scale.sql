-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c numeric(8,2));
-- new
CREATE TABLE t (id int PRIMARY KEY, c numeric(10,4));
-- data
INSERT INTO t VALUES (1, 1.25);
-- check: SELECT c FROM t; => 1.2500
