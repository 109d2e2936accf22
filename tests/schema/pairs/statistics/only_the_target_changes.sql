-- forbid: DROP
-- old
CREATE TABLE t (a int, b int);
CREATE STATISTICS s ON a, b FROM t;
-- new
CREATE TABLE t (a int, b int);
CREATE STATISTICS s ON a, b FROM t;
ALTER STATISTICS s SET STATISTICS 10;
