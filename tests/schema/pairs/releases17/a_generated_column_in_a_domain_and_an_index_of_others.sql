-- min-version: 17
-- recreates: t\.a
-- old
CREATE TABLE t (b int, a int GENERATED ALWAYS AS (b + 1) STORED);
-- data
INSERT INTO t VALUES (1);
-- new
CREATE TABLE t (b int, a int GENERATED ALWAYS AS (b + 2) STORED);
-- after
CREATE DOMAIN d AS int CHECK (coalesce((NULL::t).a, VALUE) > 0); CREATE TABLE r (x int) PARTITION BY LIST (x); CREATE INDEX ON r (coalesce((NULL::t).a, x));
