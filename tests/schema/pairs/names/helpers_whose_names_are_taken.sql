-- base
CREATE TABLE lakebase_new_i (x int);
CREATE INDEX lakebase_old_i ON lakebase_new_i (x);
CREATE TYPE lakebase_old_e AS ENUM ('z');
-- old
CREATE TYPE e AS ENUM ('a', 'b');
CREATE TABLE t (a int, "A" int, e e, CONSTRAINT lakebase_not_null_a CHECK (a > 0));
CREATE INDEX i ON t (a);
CREATE INDEX "I" ON t (a);
-- new
CREATE TYPE e AS ENUM ('b');
CREATE TABLE t (a int NOT NULL, "A" int NOT NULL, e e, CONSTRAINT lakebase_not_null_a CHECK (a > 0));
CREATE INDEX i ON t (a DESC);
CREATE INDEX "I" ON t ("A");
