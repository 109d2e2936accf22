-- old
CREATE TABLE t (a int, b int);
CREATE INDEX i ON t (a);
-- new
CREATE TABLE t (a int, b int);
CREATE INDEX i ON t (a, b);
