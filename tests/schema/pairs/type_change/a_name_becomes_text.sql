-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c name);
-- new
CREATE TABLE t (id int PRIMARY KEY, c text);
-- data
INSERT INTO t VALUES (1, 'n');
-- check: SELECT c FROM t; => n
