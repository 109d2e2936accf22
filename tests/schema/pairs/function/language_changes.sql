-- forbid: DROP
-- old
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
-- new
CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
