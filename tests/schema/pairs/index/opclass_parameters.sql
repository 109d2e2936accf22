-- requires-extension: pg_trgm
-- base
CREATE EXTENSION pg_trgm;
-- old
CREATE TABLE t (a text);
CREATE INDEX i ON t USING gist (a gist_trgm_ops);
-- new
CREATE TABLE t (a text);
CREATE INDEX i ON t USING gist (a gist_trgm_ops (siglen = 32));
