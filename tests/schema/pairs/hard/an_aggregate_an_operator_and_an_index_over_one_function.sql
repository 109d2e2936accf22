-- old
CREATE FUNCTION add2(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE total(int) (SFUNC = add2, STYPE = int, INITCOND = '0');
CREATE OPERATOR |+| (LEFTARG = int, RIGHTARG = int, FUNCTION = add2);
CREATE TABLE t (a int, b int, CONSTRAINT k CHECK (a OPERATOR(public.|+|) b > 0));
CREATE INDEX i ON t ((a OPERATOR(public.|+|) b));
CREATE VIEW v AS SELECT total(a) FROM t;
-- new
CREATE FUNCTION add2(int, int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1::bigint + $2';
CREATE FUNCTION add3(bigint, int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE total(int) (SFUNC = add3, STYPE = bigint, INITCOND = '1');
CREATE OPERATOR |+| (LEFTARG = int, RIGHTARG = int, FUNCTION = add2);
CREATE TABLE t (a int, b int, CONSTRAINT k CHECK (a OPERATOR(public.|+|) b > 0));
CREATE INDEX i ON t ((a OPERATOR(public.|+|) b));
CREATE VIEW v AS SELECT total(a) FROM t;
