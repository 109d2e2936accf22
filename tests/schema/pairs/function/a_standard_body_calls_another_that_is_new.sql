-- old
-- new
CREATE FUNCTION z_inner(int) RETURNS int LANGUAGE sql RETURN $1 * 2;
CREATE FUNCTION a_outer(int) RETURNS int LANGUAGE sql RETURN z_inner($1) + 1;
