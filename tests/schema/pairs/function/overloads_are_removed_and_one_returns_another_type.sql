-- old
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS 'SELECT $1'; CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE VIEW v AS SELECT f(1) AS a, f('x'::text) AS b, f(1, 2) AS c;
COMMENT ON FUNCTION f(int) IS 'one';
-- new
CREATE FUNCTION f(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT $1'; CREATE FUNCTION f(text) RETURNS varchar LANGUAGE sql AS 'SELECT $1::varchar';
CREATE VIEW v AS SELECT f(1) AS a, f('x'::text) AS b;
COMMENT ON FUNCTION f(bigint) IS 'one';
