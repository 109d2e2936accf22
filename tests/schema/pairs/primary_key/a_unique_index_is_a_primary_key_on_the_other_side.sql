-- old
CREATE TABLE t (id int NOT NULL);
CREATE UNIQUE INDEX t_pkey ON t (id);
-- new
CREATE TABLE t (id int PRIMARY KEY);
