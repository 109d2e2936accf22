-- old
CREATE TABLE t (id int PRIMARY KEY, old_a int, b int); CREATE INDEX t_idx ON t (old_a); CREATE INDEX t_idx2 ON t (b, old_a);
-- new
CREATE TABLE t (id int PRIMARY KEY, new_a int, b int); CREATE INDEX t_idx ON t (new_a); CREATE INDEX t_idx2 ON t (b, new_a);
