-- old
CREATE TABLE t (a int, CONSTRAINT t_a UNIQUE (a));
-- new
CREATE TABLE t (a int);
CREATE UNIQUE INDEX t_a ON t (a);
