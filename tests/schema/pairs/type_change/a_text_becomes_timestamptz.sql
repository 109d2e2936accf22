-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c text);
-- new
CREATE TABLE t (id int PRIMARY KEY, c timestamptz);
-- data
INSERT INTO t VALUES (1, '2024-01-02 03:04:05+00');
-- check: SELECT count(c) FROM t; => 1
