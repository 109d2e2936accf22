-- old
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE VIEW g AS SELECT id, v FROM t GROUP BY id;
-- new
CREATE TABLE t (id int NOT NULL, v text, CONSTRAINT t_new_key PRIMARY KEY (id));
CREATE VIEW g AS SELECT id, v FROM t GROUP BY id;
