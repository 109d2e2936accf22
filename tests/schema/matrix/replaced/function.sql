-- replaced: result
-- expression: x.f(@)::integer
-- old
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';
-- new
CREATE FUNCTION x.f(a integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT a::bigint';
-- both
COMMENT ON FUNCTION x.f(integer) IS 'kept';
REVOKE ALL ON FUNCTION x.f(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION x.f(integer) TO bob;
-- replaced: parameter_name
-- expression: x.f(@)
-- old
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';
-- new
CREATE FUNCTION x.f(b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT b';
-- replaced: parameter_with_default
-- expression: x.f(@)
-- old
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';
-- new
CREATE FUNCTION x.f(a integer, b integer DEFAULT 0) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
-- replaced: parameter_type
-- expression: x.f(@)
-- old
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';
-- new
CREATE FUNCTION x.f(a bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a::integer';
-- replaced: variadic
-- expression: x.f(@)
-- old
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';
-- new
CREATE FUNCTION x.f(VARIADIC a integer[]) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a[1]';
-- replaced: body
-- expression: x.f(@)
-- old
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';
-- new
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN a; END';
-- replaced: schema
-- expression: x.f(@)
-- old
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';
CREATE FUNCTION public.f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';
-- new
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT public.f(a)';
CREATE FUNCTION public.f(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';
-- replaced: output_parameter_type
-- relation: x.f()
-- old
CREATE FUNCTION x.f(OUT a integer, OUT b integer) LANGUAGE sql IMMUTABLE AS 'SELECT 1, 2';
-- new
CREATE FUNCTION x.f(OUT a integer, OUT b bigint) LANGUAGE sql IMMUTABLE AS 'SELECT 1, 2::bigint';
-- replaced: table_column_added
-- relation: x.f()
-- old
CREATE FUNCTION x.f() RETURNS TABLE (a integer) LANGUAGE sql IMMUTABLE AS 'SELECT 1';
-- new
CREATE FUNCTION x.f() RETURNS TABLE (a integer, b integer) LANGUAGE sql IMMUTABLE AS 'SELECT 1, 2';
-- replaced: called_parameter_name
-- routine: x.f
-- old
CREATE FUNCTION x.f(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';
-- new
CREATE FUNCTION x.f(c integer, d integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT c';
-- replaced: trigger_language
-- trigger_function: x.tf
-- old
CREATE FUNCTION x.tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- new
CREATE FUNCTION x.tf() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN OLD; END';
