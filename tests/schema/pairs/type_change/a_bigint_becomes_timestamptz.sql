-- recreates: t.c
-- old
CREATE TABLE t (id int PRIMARY KEY, c bigint);
-- new
CREATE TABLE t (id int PRIMARY KEY, c timestamptz);
