-- requires-extension: pg_trgm
-- old
CREATE TABLE t (a text);
-- new
CREATE EXTENSION pg_trgm;
CREATE TABLE t (a text);
CREATE INDEX i ON t USING gin (a gin_trgm_ops);
