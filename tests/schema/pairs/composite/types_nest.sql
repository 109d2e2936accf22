-- old
-- new
CREATE TYPE z_inner AS (x int, y int);
CREATE TYPE a_outer AS (p z_inner, q z_inner[]);
CREATE FUNCTION f() RETURNS SETOF a_outer LANGUAGE sql AS 'SELECT NULL::a_outer';
