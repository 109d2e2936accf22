-- old
CREATE TABLE t (a int);
CREATE INDEX t_a_idx ON t (a);
-- new
CREATE TABLE t (a int);
CREATE INDEX by_a ON t (a);
