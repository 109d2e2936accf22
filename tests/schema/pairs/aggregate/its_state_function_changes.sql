-- base
CREATE FUNCTION plus(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE FUNCTION times(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * $2';
-- old
CREATE AGGREGATE acc(int) (SFUNC = plus, STYPE = int, INITCOND = '0');
-- new
CREATE AGGREGATE acc(int) (SFUNC = times, STYPE = int, INITCOND = '1', COMBINEFUNC = times);
