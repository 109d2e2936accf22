-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c text);
-- new
CREATE TABLE t (id int PRIMARY KEY, c jsonb);
-- data
INSERT INTO t VALUES (1, '{"a": 1}');
-- check: SELECT c FROM t; => {"a": 1}
