-- old
-- new
CREATE TABLE "pg_like" (a int); CREATE TABLE "tables" (oid_ int); CREATE SCHEMA pgstuff; CREATE TABLE pgstuff.pg_class (relname name);
CREATE FUNCTION public.now() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE t (a timestamptz DEFAULT pg_catalog.now(), b int DEFAULT public.now());
