-- old
CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int);
CREATE FUNCTION f(x t.a%TYPE) RETURNS t.a%TYPE LANGUAGE sql AS 'SELECT x';
