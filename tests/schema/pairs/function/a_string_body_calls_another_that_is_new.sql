-- old
-- new
CREATE FUNCTION z_inner(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
CREATE FUNCTION a_outer(int) RETURNS int LANGUAGE sql AS 'SELECT z_inner($1) + 1';
CREATE TABLE zz (a int);
CREATE FUNCTION aa() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM zz';
