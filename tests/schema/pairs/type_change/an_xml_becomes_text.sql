-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c xml);
-- new
CREATE TABLE t (id int PRIMARY KEY, c text);
-- data
INSERT INTO t VALUES (1, '<a/>');
-- check: SELECT c FROM t; => <a/>
