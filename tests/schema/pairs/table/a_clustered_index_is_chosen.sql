-- old
CREATE TABLE t (id int PRIMARY KEY, at timestamptz);
CREATE INDEX t_at ON t (at);
-- new
CREATE TABLE t (id int PRIMARY KEY, at timestamptz);
CREATE INDEX t_at ON t (at);
ALTER TABLE t CLUSTER ON t_at;
