-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c varchar(50));
-- new
CREATE TABLE t (id int PRIMARY KEY, c varchar);
-- data
INSERT INTO t VALUES (1, 'abc');
-- check: SELECT c FROM t; => abc
