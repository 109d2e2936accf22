-- forbid: DROP TABLE
-- old
CREATE TABLE t (tenant int NOT NULL, id int PRIMARY KEY);
-- new
CREATE TABLE t (tenant int NOT NULL, id int, PRIMARY KEY (tenant, id));
-- data
INSERT INTO t VALUES (1, 2);
-- check: SELECT count(*) FROM t; => 1
