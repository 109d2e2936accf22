-- old
CREATE TABLE t (a int, b text);
-- new
CREATE TABLE t (a int, b text);
CREATE VIEW v AS SELECT a, upper(b) AS b FROM t WHERE a > 0;
