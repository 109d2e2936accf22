-- old
CREATE TABLE t (a int, b int);
-- new
CREATE TABLE t (a int, b int);
CREATE INDEX t_a_b ON t (a, b);
