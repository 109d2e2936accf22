-- requires-extension: pg_trgm
-- expect: refused back
-- old
CREATE EXTENSION pg_trgm VERSION '1.3';
CREATE TABLE t (a text); CREATE INDEX i ON t USING gist (a gist_trgm_ops);
-- new
CREATE EXTENSION pg_trgm VERSION '1.5';
CREATE TABLE t (a text); CREATE INDEX i ON t USING gist (a gist_trgm_ops (siglen = 32));
