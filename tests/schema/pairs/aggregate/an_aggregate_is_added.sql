-- old
-- new
CREATE FUNCTION plus(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT coalesce($1, 0) + $2';
CREATE AGGREGATE total(int) (SFUNC = plus, STYPE = int, INITCOND = '0', PARALLEL = SAFE);
COMMENT ON AGGREGATE total(int) IS 'sum';
