-- requires-extension: citext
-- requires-extension: pg_trgm
-- old
CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE TABLE t (id int PRIMARY KEY, a citext DEFAULT 'x'::citext, b text); CREATE INDEX t_b ON t USING gin (b gin_trgm_ops); CREATE INDEX t_a ON t (a); CREATE VIEW v AS SELECT a, similarity(b, 'x') AS s FROM t;
-- new
CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions; CREATE EXTENSION pg_trgm SCHEMA extensions; CREATE TABLE t (id int PRIMARY KEY, a extensions.citext DEFAULT 'x'::extensions.citext, b text); CREATE INDEX t_b ON t USING gin (b extensions.gin_trgm_ops); CREATE INDEX t_a ON t (a); CREATE VIEW v AS SELECT a, extensions.similarity(b, 'x') AS s FROM t;
-- data
INSERT INTO t VALUES (1,'Q','w');
-- check: SELECT a FROM t => Q
