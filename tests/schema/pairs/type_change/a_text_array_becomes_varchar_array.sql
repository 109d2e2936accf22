-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c text[]);
-- new
CREATE TABLE t (id int PRIMARY KEY, c varchar(10)[]);
-- data
INSERT INTO t VALUES (1, '{a,b}');
-- check: SELECT c FROM t; => {a,b}
