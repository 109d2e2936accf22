-- requires-extension: pg_trgm
-- old
CREATE SCHEMA ext; CREATE EXTENSION pg_trgm SCHEMA ext; CREATE TABLE t (a text); CREATE INDEX i ON t USING gin (a ext.gin_trgm_ops); CREATE FUNCTION ext.mine() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- new
CREATE TABLE t (a text); CREATE EXTENSION pg_trgm; CREATE INDEX i ON t USING gin (a gin_trgm_ops);
