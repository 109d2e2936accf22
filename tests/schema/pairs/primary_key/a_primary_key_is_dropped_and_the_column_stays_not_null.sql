-- old
CREATE TABLE t (id int PRIMARY KEY);
-- new
CREATE TABLE t (id int NOT NULL);
