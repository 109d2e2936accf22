-- requires-extension: hstore
-- old
CREATE EXTENSION hstore;
CREATE FUNCTION f(h hstore) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE t (a hstore); CREATE INDEX i ON t USING gin (a);
-- new
CREATE EXTENSION hstore;
CREATE FUNCTION f(h hstore) RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION f(hstore) DEPENDS ON EXTENSION hstore;
CREATE TABLE t (a hstore); CREATE INDEX i ON t USING gin (a); ALTER INDEX i DEPENDS ON EXTENSION hstore;
