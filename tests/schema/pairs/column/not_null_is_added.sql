-- forbid: DROP COLUMN
-- old
CREATE TABLE t (id int PRIMARY KEY, email text);
-- new
CREATE TABLE t (id int PRIMARY KEY, email text NOT NULL);
-- data
INSERT INTO t VALUES (1, 'a');
-- check: SELECT email FROM t; => a
