-- old
CREATE TABLE t (id int, v text);
-- new
CREATE TABLE t (id int PRIMARY KEY, v text);
