-- old
CREATE UNLOGGED TABLE t (a text, b text, c jsonb);
CREATE TABLE u (a text) WITH (fillfactor = 50, autovacuum_enabled = off);
-- new
CREATE TABLE t (a text COMPRESSION pglz, b text, c jsonb);
ALTER TABLE t ALTER b SET STORAGE EXTERNAL, ALTER c SET STATISTICS 400, ALTER a SET (n_distinct = -0.5);
CREATE TABLE u (a text) WITH (toast.autovacuum_enabled = off, parallel_workers = 2);
