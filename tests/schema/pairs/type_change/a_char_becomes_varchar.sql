-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c char(10));
-- new
CREATE TABLE t (id int PRIMARY KEY, c varchar(10));
-- data
INSERT INTO t VALUES (1, 'abc');
-- check: SELECT c FROM t; => abc
