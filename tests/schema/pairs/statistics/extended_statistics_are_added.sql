-- old
CREATE TABLE t (a int, b int, c text);
-- new
CREATE TABLE t (a int, b int, c text);
CREATE STATISTICS s1 (ndistinct, dependencies, mcv) ON a, b FROM t;
CREATE STATISTICS s2 ON lower(c), a FROM t;
CREATE STATISTICS s3 ON (a + b) FROM t;
