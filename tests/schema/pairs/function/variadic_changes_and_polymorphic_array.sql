-- old
CREATE FUNCTION f(VARIADIC a text[]) RETURNS text LANGUAGE sql AS 'SELECT a[1]';
CREATE FUNCTION g(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql AS 'SELECT $1';
-- new
CREATE FUNCTION f(a text[]) RETURNS text LANGUAGE sql AS 'SELECT a[1]';
CREATE FUNCTION g(anycompatible, VARIADIC anycompatiblearray) RETURNS anycompatible LANGUAGE sql AS 'SELECT $1';
