-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c double precision);
-- new
CREATE TABLE t (id int PRIMARY KEY, c numeric(10,3));
-- data
INSERT INTO t VALUES (1, 1.5);
-- check: SELECT c FROM t; => 1.500
