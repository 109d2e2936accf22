-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c timestamptz);
-- new
CREATE TABLE t (id int PRIMARY KEY, c timestamptz(3));
-- data
INSERT INTO t VALUES (1, now());
-- check: SELECT count(c) FROM t; => 1
