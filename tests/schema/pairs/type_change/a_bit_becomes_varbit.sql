-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c bit(8));
-- new
CREATE TABLE t (id int PRIMARY KEY, c bit varying(16));
-- data
INSERT INTO t VALUES (1, B'10101010');
-- check: SELECT c FROM t; => 10101010
