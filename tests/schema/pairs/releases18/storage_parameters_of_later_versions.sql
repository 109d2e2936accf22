-- min-version: 18
-- old
CREATE TABLE t (a text);
-- new
CREATE TABLE t (a text) WITH (autovacuum_vacuum_max_threshold = 100, toast.autovacuum_vacuum_max_threshold = 50);
