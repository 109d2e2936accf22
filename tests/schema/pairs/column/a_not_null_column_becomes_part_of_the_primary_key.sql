-- old
CREATE TABLE t (a int NOT NULL, b int, c int NOT NULL DEFAULT 1); CREATE UNIQUE INDEX t_ab ON t (a, b);
-- new
CREATE TABLE t (a int NOT NULL, b int NOT NULL, c int NOT NULL DEFAULT 1, CONSTRAINT t_pk PRIMARY KEY (a, b, c));
