-- old
CREATE TABLE t (id int NOT NULL, v text);
-- new
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE VIEW g AS SELECT id, v, count(*) FROM t GROUP BY id;
