-- base
CREATE TABLE t (id int PRIMARY KEY, n int); CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'; CREATE VIEW v AS SELECT f(id) AS x FROM t;
-- ours
CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a + b'; CREATE VIEW w AS SELECT f(id, n) AS x FROM t;
-- theirs
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a * 2'; COMMENT ON FUNCTION f(int) IS 'twice';
