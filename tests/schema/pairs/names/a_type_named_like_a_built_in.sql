-- old
-- new
CREATE SCHEMA s; CREATE DOMAIN s.text AS pg_catalog.text; CREATE DOMAIN public.int4 AS bigint;
CREATE TABLE t (a s.text, b pg_catalog.text, c public.int4, d pg_catalog.int4);
CREATE FUNCTION f(s.text, public.int4) RETURNS pg_catalog.int4 LANGUAGE sql AS 'SELECT 1';
