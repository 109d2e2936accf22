-- old
CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int);
CREATE FUNCTION plus(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE acc(int) (SFUNC = plus, STYPE = int, INITCOND = '0');
CREATE VIEW v AS SELECT acc(a) AS total FROM t;
