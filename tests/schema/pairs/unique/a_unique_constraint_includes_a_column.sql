-- old
CREATE TABLE t (a int, b int, UNIQUE (a));
-- new
CREATE TABLE t (a int, b int, CONSTRAINT t_a_key UNIQUE (a) INCLUDE (b));
