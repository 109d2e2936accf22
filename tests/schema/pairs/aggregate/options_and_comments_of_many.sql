-- old
CREATE FUNCTION acc(s numeric, x numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT s + x';
CREATE FUNCTION fin(s numeric) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT s::text';
CREATE AGGREGATE total(numeric) (SFUNC = acc, STYPE = numeric, INITCOND = '0');
CREATE AGGREGATE everything(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
COMMENT ON AGGREGATE total(numeric) IS 'sum'; GRANT EXECUTE ON FUNCTION total(numeric) TO alice;
-- new
CREATE FUNCTION acc(s numeric, x numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT s + x * 2';
CREATE FUNCTION fin(s numeric) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT s::text';
CREATE AGGREGATE total(numeric) (SFUNC = acc, STYPE = numeric, FINALFUNC = fin, FINALFUNC_MODIFY = SHAREABLE, INITCOND = ' 0', COMBINEFUNC = acc, PARALLEL = SAFE);
CREATE AGGREGATE everything(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '1');

COMMENT ON AGGREGATE total(numeric) IS 'total'; COMMENT ON AGGREGATE everything(*) IS 'count'; ALTER AGGREGATE everything(*) OWNER TO bob; REVOKE ALL ON FUNCTION everything() FROM PUBLIC;
