-- old
CREATE TABLE t (id int PRIMARY KEY, a int, CONSTRAINT t_a_key UNIQUE (a));
-- new
CREATE TABLE t (id int PRIMARY KEY, a int); CREATE UNIQUE INDEX t_a_live ON t (a) WHERE a > 0;
