-- recreates: t.z
-- check: SELECT z FROM t => 4
-- old
CREATE DOMAIN d AS int;
CREATE TABLE t (x int, z d GENERATED ALWAYS AS (x) STORED);
CREATE INDEX i ON t (z);
-- data
INSERT INTO t VALUES (4);
-- new
CREATE DOMAIN d AS bigint;
CREATE TABLE t (x int, z d GENERATED ALWAYS AS (x) STORED);
CREATE INDEX i ON t (z);
