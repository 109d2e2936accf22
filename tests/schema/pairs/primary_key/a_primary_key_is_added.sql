-- old
CREATE TABLE t (id int NOT NULL, v text);
-- new
CREATE TABLE t (id int PRIMARY KEY, v text);
