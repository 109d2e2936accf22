-- old
CREATE TABLE t (a int);
CREATE INDEX i ON t (a);
-- new
CREATE TABLE t (a int);
CREATE UNIQUE INDEX i ON t (a);
