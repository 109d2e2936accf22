-- old
CREATE TABLE t (a int, b int);
CREATE INDEX i ON t (a, b);
-- new
CREATE TABLE t (a int, b int);
CREATE INDEX i ON t (a DESC NULLS LAST, b NULLS FIRST);
