-- old
CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 2';
CREATE FUNCTION h(VARIADIC x int[]) RETURNS int LANGUAGE sql AS 'SELECT 3';
CREATE TABLE t (a int DEFAULT f(1, 2), b int DEFAULT f('x'));
CREATE VIEW v AS SELECT f(a) AS y, h(1, 2) AS z FROM t;
-- new
CREATE FUNCTION f(x int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f(a text, OUT r bigint) LANGUAGE sql AS 'SELECT 2::bigint';
CREATE FUNCTION h(VARIADIC x int[], OUT p int, OUT q int) LANGUAGE sql AS 'SELECT 3, 4';
CREATE TABLE t (a int DEFAULT f(1, 2), b int DEFAULT f('x'));
CREATE VIEW v AS SELECT f(a, 1) AS y, (h(1, 2)).p AS z FROM t;
