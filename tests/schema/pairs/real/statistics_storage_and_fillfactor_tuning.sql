-- old
CREATE TABLE t (a int, b text, c text); CREATE INDEX i ON t (a);
-- new
CREATE TABLE t (a int, b text, c text) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_enabled = false); ALTER TABLE t ALTER b SET STORAGE EXTERNAL, ALTER a SET STATISTICS 500, ALTER c SET (n_distinct = -0.5); CREATE INDEX i ON t (a) WITH (fillfactor = 80); CREATE STATISTICS st (ndistinct, dependencies) ON a, b FROM t;
