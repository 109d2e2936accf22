-- old
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
-- new
CREATE FUNCTION f(a int, b int DEFAULT 0) RETURNS int LANGUAGE sql AS 'SELECT a + b';
