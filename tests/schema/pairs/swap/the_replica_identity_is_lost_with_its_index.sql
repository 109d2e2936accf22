-- check: SELECT relreplident FROM pg_class WHERE relname = 't' => d
-- base
CREATE TABLE t (a int NOT NULL PRIMARY KEY, b int NOT NULL);
-- old
CREATE UNIQUE INDEX t_i ON t (a);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_i;
-- new
CREATE UNIQUE INDEX t_i ON t (b, a);
