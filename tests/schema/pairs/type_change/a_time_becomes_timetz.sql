-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c time);
-- new
CREATE TABLE t (id int PRIMARY KEY, c timetz);
-- data
INSERT INTO t VALUES (1, '10:00');
-- check: SELECT count(c) FROM t; => 1
