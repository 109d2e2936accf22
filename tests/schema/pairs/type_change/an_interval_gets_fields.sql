-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c interval);
-- new
CREATE TABLE t (id int PRIMARY KEY, c interval day to second(0));
-- data
INSERT INTO t VALUES (1, '1 day 02:00');
-- check: SELECT c FROM t; => 1 day 02:00:00
