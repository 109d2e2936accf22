-- old
CREATE TABLE t (a int, b int);
CREATE INDEX i ON t ((a + b));
-- new
CREATE TABLE t (a int, b int);
CREATE INDEX i ON t ((a + b));
ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 1000;
