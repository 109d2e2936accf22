-- recreates: nothing
-- old
CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 1, u uuid, s varchar(5));
-- new
CREATE TABLE t (id int PRIMARY KEY, n int[] DEFAULT '{1}', u uuid[], s text[]);
-- data
INSERT INTO t VALUES (1, 5, '00000000-0000-0000-0000-000000000001', NULL);
-- check: SELECT n[1] || u[1]::text FROM t => 500000000-0000-0000-0000-000000000001
-- one-way
