-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c text);
-- new
CREATE TABLE t (id int PRIMARY KEY, c int);
-- data
INSERT INTO t VALUES (1, '17');
-- check: SELECT c FROM t; => 17
