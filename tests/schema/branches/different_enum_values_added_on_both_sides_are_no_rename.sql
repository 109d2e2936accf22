-- forbid: RENAME VALUE
-- base
CREATE TYPE st AS ENUM ('a', 'b'); CREATE TABLE t (s st); CREATE TABLE later (a int);
-- old
ALTER TYPE st ADD VALUE 'left';
-- new
ALTER TYPE st ADD VALUE 'right'; ALTER TYPE st ADD VALUE 'more';
-- data
INSERT INTO t VALUES ('a');
-- check: SELECT s FROM t; => a
