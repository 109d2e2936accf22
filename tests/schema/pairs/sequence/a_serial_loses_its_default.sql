-- old
CREATE TABLE t (id serial PRIMARY KEY);
-- new
CREATE TABLE t (id int PRIMARY KEY);
