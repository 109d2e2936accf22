-- require: RENAME VALUE
-- forbid: CREATE TYPE|DROP
-- base
CREATE TYPE st AS ENUM ('a', 'b', 'c', 'lakebase_renamed_1');
CREATE TABLE t (s st DEFAULT 'a');
-- old
-- new
ALTER TYPE st RENAME VALUE 'a' TO 'x'; ALTER TYPE st RENAME VALUE 'b' TO 'a'; ALTER TYPE st RENAME VALUE 'c' TO 'b'; ALTER TYPE st RENAME VALUE 'x' TO 'c';
-- data
INSERT INTO t VALUES ('a'), ('b');
-- check: SELECT string_agg(s::text, ',') FROM t; => c,a
