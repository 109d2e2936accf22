-- old
CREATE TABLE t (a int, b int, c int); CREATE STATISTICS st ON a, b FROM t; CREATE STATISTICS st2 (mcv) ON b, c FROM t; COMMENT ON STATISTICS st IS 's';
-- new
CREATE SCHEMA z; CREATE TABLE t (a text, b int); CREATE STATISTICS z.st ON a, b FROM t; COMMENT ON STATISTICS z.st IS 's';
