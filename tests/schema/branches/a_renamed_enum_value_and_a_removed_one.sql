-- require: RENAME VALUE 'b' TO 'bee'
-- base
CREATE TYPE st AS ENUM ('a', 'b'); CREATE TABLE t (s st DEFAULT 'b', l st[]);
-- old
ALTER TYPE st ADD VALUE 'here';
-- new
ALTER TYPE st RENAME VALUE 'b' TO 'bee';
-- data
INSERT INTO t VALUES ('b');
-- check: SELECT s FROM t; => bee
