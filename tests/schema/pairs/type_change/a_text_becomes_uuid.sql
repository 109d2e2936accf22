-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, c text);
-- new
CREATE TABLE t (id int PRIMARY KEY, c uuid);
-- data
INSERT INTO t VALUES (1, '6f1f8f0e-7e1b-4a3c-9d57-1f1f1f1f1f1f');
-- check: SELECT c FROM t; => 6f1f8f0e-7e1b-4a3c-9d57-1f1f1f1f1f1f
