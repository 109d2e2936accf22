-- replaced: function
-- expression: (@::x.c)::integer
-- old
CREATE TYPE x.c AS (a integer);
CREATE FUNCTION x.one(a integer) RETURNS x.c LANGUAGE sql IMMUTABLE AS 'SELECT ROW(1)::x.c';
CREATE FUNCTION x.other(a integer) RETURNS x.c LANGUAGE sql IMMUTABLE AS 'SELECT ROW(1)::x.c';
CREATE FUNCTION x.back(a x.c) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (integer AS x.c) WITH FUNCTION x.one(integer);
CREATE CAST (x.c AS integer) WITH FUNCTION x.back(x.c);
-- new
CREATE TYPE x.c AS (a integer);
CREATE FUNCTION x.one(a integer) RETURNS x.c LANGUAGE sql IMMUTABLE AS 'SELECT ROW(1)::x.c';
CREATE FUNCTION x.other(a integer) RETURNS x.c LANGUAGE sql IMMUTABLE AS 'SELECT ROW(1)::x.c';
CREATE FUNCTION x.back(a x.c) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (integer AS x.c) WITH FUNCTION x.other(integer);
CREATE CAST (x.c AS integer) WITH FUNCTION x.back(x.c);
-- replaced: context
-- expression: (@::x.c)::integer
-- old
CREATE TYPE x.c AS (a integer);
CREATE FUNCTION x.one(a integer) RETURNS x.c LANGUAGE sql IMMUTABLE AS 'SELECT ROW(1)::x.c';
CREATE FUNCTION x.back(a x.c) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (integer AS x.c) WITH FUNCTION x.one(integer);
CREATE CAST (x.c AS integer) WITH FUNCTION x.back(x.c);
-- new
CREATE TYPE x.c AS (a integer);
CREATE FUNCTION x.one(a integer) RETURNS x.c LANGUAGE sql IMMUTABLE AS 'SELECT ROW(1)::x.c';
CREATE FUNCTION x.back(a x.c) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (integer AS x.c) WITH FUNCTION x.one(integer) AS ASSIGNMENT;
CREATE CAST (x.c AS integer) WITH FUNCTION x.back(x.c) AS IMPLICIT;
-- replaced: function_parameter
-- expression: (@::x.c)::integer
-- old
CREATE TYPE x.c AS (a integer);
CREATE FUNCTION x.one(a integer) RETURNS x.c LANGUAGE sql IMMUTABLE AS 'SELECT ROW(1)::x.c';
CREATE FUNCTION x.back(a x.c) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (integer AS x.c) WITH FUNCTION x.one(integer);
CREATE CAST (x.c AS integer) WITH FUNCTION x.back(x.c);
-- new
CREATE TYPE x.c AS (a integer);
CREATE FUNCTION x.one(b integer) RETURNS x.c LANGUAGE sql IMMUTABLE AS 'SELECT ROW(1)::x.c';
CREATE FUNCTION x.back(b x.c) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (integer AS x.c) WITH FUNCTION x.one(integer);
CREATE CAST (x.c AS integer) WITH FUNCTION x.back(x.c);
-- replaced: by_conversion
-- expression: CASE WHEN (ROW(@)::x.c)::text IS NULL THEN 0 ELSE 1 END
-- old
CREATE TYPE x.c AS (a integer);
CREATE FUNCTION x.back(a x.c) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'x'$$;
CREATE CAST (x.c AS text) WITH FUNCTION x.back(x.c);
-- new
CREATE TYPE x.c AS (a integer);
CREATE FUNCTION x.back(a x.c) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'x'$$;
CREATE FUNCTION x.more(a x.c) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'y'$$;
CREATE CAST (x.c AS text) WITH FUNCTION x.more(x.c);
