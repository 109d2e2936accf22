-- expect: refused back
-- old
CREATE TABLE t (id int PRIMARY KEY, a int); CREATE INDEX t_a ON t (a); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a'::regclass;
-- new
CREATE TABLE t (id int PRIMARY KEY, a int); CREATE INDEX t_a ON t (a);
