-- old
CREATE TABLE t (a int, b int);
CREATE STATISTICS s (dependencies) ON a, b FROM t;
-- new
CREATE TABLE t (a bigint, b int);
CREATE STATISTICS s (dependencies) ON a, b FROM t;
