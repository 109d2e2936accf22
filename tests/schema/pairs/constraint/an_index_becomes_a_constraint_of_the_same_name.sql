-- old
CREATE TABLE t (id int NOT NULL, a int); CREATE UNIQUE INDEX t_pkey ON t (id); CREATE UNIQUE INDEX t_a_key ON t (a);
-- new
CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE);
