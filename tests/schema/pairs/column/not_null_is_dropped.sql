-- old
CREATE TABLE t (id int PRIMARY KEY, email text NOT NULL);
-- new
CREATE TABLE t (id int PRIMARY KEY, email text);
