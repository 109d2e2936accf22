-- recreates: t.g
-- old
CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a * 2) STORED);
-- new
CREATE TABLE t (id int PRIMARY KEY, a int, g bigint GENERATED ALWAYS AS (a * 2) STORED);
