-- old
CREATE TABLE t (a int, b int, c int NOT NULL);
-- new
CREATE TABLE t (a int NOT NULL, b int NOT NULL, c int);
