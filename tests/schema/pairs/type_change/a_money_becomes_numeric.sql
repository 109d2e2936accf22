-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c money);
-- new
CREATE TABLE t (id int PRIMARY KEY, c numeric(12,2));
-- data
INSERT INTO t VALUES (1, 12.34);
-- check: SELECT c FROM t; => 12.34
