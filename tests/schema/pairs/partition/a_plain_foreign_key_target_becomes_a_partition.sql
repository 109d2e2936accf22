-- old
CREATE TABLE t (id int, k int, PRIMARY KEY (id, k)); CREATE TABLE p (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k); CREATE TABLE c (id int, k int, FOREIGN KEY (id, k) REFERENCES t);
-- new
CREATE TABLE t (id int, k int, PRIMARY KEY (id, k)); CREATE TABLE p (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k); ALTER TABLE p ATTACH PARTITION t FOR VALUES IN (1); CREATE TABLE c (id int, k int, FOREIGN KEY (id, k) REFERENCES t);
-- data
INSERT INTO t VALUES (1,1); INSERT INTO c VALUES (1,1);
