-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c date);
-- new
CREATE TABLE t (id int PRIMARY KEY, c timestamp);
-- data
INSERT INTO t VALUES (1, '2024-01-02');
-- check: SELECT c FROM t; => 2024-01-02 00:00:00
