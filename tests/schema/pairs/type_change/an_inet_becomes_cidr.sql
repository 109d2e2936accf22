-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c inet);
-- new
CREATE TABLE t (id int PRIMARY KEY, c cidr);
-- data
INSERT INTO t VALUES (1, '10.0.0.0/8');
-- check: SELECT c FROM t; => 10.0.0.0/8
