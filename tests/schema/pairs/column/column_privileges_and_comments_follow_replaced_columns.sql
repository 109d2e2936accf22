-- recreates: t.g
-- old
CREATE TABLE t (id int PRIMARY KEY, a int, g int); COMMENT ON COLUMN t.g IS 'gee'; GRANT SELECT (g, a) ON t TO bob; GRANT UPDATE (g) ON t TO alice; CREATE INDEX t_g ON t (g); COMMENT ON INDEX t_g IS 'idx'; ALTER TABLE t ALTER g SET STATISTICS 77;
-- new
CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + 1) STORED); COMMENT ON COLUMN t.g IS 'gee'; GRANT SELECT (g, a) ON t TO bob; GRANT UPDATE (g) ON t TO alice; CREATE INDEX t_g ON t (g); COMMENT ON INDEX t_g IS 'idx'; ALTER TABLE t ALTER g SET STATISTICS 77;
