-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c varchar(200));
-- new
CREATE TABLE t (id int PRIMARY KEY, c varchar(20));
-- data
INSERT INTO t VALUES (1, 'abc');
-- check: SELECT c FROM t; => abc
