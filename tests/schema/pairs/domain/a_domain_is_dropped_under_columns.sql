-- old
CREATE DOMAIN d AS int CHECK (VALUE > 0) DEFAULT 7; CREATE TABLE t (id d PRIMARY KEY, b d DEFAULT 3, c d[]); CREATE TABLE u (t d REFERENCES t);
-- new
CREATE TABLE t (id int PRIMARY KEY CHECK (id > 0), b int DEFAULT 3, c int[]); CREATE TABLE u (t int REFERENCES t);
-- data
INSERT INTO t VALUES (1,2,'{3}'); INSERT INTO u VALUES (1);
-- check: SELECT id||'.'||b||c[1] FROM t => 1.23
