-- old
CREATE TABLE t (a int NOT NULL, b int); CREATE UNIQUE INDEX t_a_key ON t (a);
-- new
CREATE TABLE t (a int NOT NULL, b int, CONSTRAINT t_a_key UNIQUE (a));
