-- old
CREATE TABLE t (id int PRIMARY KEY, a text); ALTER TABLE t ALTER a SET STORAGE MAIN;
-- new
CREATE TABLE t (id int PRIMARY KEY, a int);
-- data
INSERT INTO t VALUES (1, '5');
