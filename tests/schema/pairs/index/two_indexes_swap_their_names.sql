-- old
CREATE TABLE t (a int, b int);
CREATE INDEX i1 ON t (a); CREATE INDEX i2 ON t (b);
-- new
CREATE TABLE t (a int, b int);
CREATE INDEX i2 ON t (a); CREATE INDEX i1 ON t (b);
