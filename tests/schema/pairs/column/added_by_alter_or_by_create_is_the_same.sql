-- expect: same
-- old
CREATE TABLE t (a int);
ALTER TABLE t ADD COLUMN b int NOT NULL DEFAULT 7;
-- new
CREATE TABLE t (a int, b int NOT NULL DEFAULT 7);
