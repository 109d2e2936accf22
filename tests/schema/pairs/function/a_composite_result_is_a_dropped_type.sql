-- old
CREATE TYPE r AS (a int, b text); CREATE FUNCTION f() RETURNS r LANGUAGE sql AS $$SELECT 1, 'x'::text$$; CREATE FUNCTION g(x r) RETURNS int LANGUAGE sql AS 'SELECT x.a'; CREATE VIEW v AS SELECT (f()).a AS a;
-- new
CREATE TABLE r (a int, b text); CREATE FUNCTION f() RETURNS r LANGUAGE sql AS $$SELECT 1, 'x'::text$$; CREATE FUNCTION g(x r) RETURNS int LANGUAGE sql AS 'SELECT x.a'; CREATE VIEW v AS SELECT (f()).a AS a;
