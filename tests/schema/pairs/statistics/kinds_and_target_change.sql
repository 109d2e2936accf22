-- old
CREATE TABLE t (a int, b int);
CREATE STATISTICS s (ndistinct) ON a, b FROM t;
-- new
CREATE TABLE t (a int, b int);
CREATE STATISTICS s (ndistinct, mcv) ON a, b FROM t;
ALTER STATISTICS s SET STATISTICS 300;
COMMENT ON STATISTICS s IS 's';
