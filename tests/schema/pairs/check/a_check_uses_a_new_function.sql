-- old
CREATE TABLE t (a int);
-- new
CREATE FUNCTION even(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 % 2 = 0';
CREATE TABLE t (a int CHECK (even(a)));
