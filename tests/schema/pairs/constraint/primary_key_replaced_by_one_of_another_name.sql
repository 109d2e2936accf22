-- old
CREATE TABLE t (a int NOT NULL, b int NOT NULL, CONSTRAINT old_pk PRIMARY KEY (a));
-- new
CREATE TABLE t (a int NOT NULL, b int NOT NULL, CONSTRAINT new_pk PRIMARY KEY (a, b));
-- data
INSERT INTO t VALUES (1,2);
