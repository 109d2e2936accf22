-- old
CREATE TABLE t (a int, b int, c int, d int);
-- new
CREATE TABLE t (a int, e int NOT NULL DEFAULT 0, c int, f text COLLATE "C");
