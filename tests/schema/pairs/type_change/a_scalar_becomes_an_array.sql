-- recreates: t.c
-- old
CREATE TABLE t (id int PRIMARY KEY, c int);
-- new
CREATE TABLE t (id int PRIMARY KEY, c int[]);
