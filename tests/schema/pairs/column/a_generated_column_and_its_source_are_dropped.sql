-- old
CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + 1) STORED, h text GENERATED ALWAYS AS (upper(n)) STORED, n text); CREATE INDEX ON t (g, h);
-- new
CREATE TABLE t (id int PRIMARY KEY);
