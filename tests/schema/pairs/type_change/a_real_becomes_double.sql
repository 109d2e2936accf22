-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c real);
-- new
CREATE TABLE t (id int PRIMARY KEY, c double precision);
-- data
INSERT INTO t VALUES (1, 1.5);
-- check: SELECT c FROM t; => 1.5
