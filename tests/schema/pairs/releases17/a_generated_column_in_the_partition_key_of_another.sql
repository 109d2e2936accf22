-- min-version: 17
-- expect: refused both ways
-- old
CREATE TABLE t (b int, a int GENERATED ALWAYS AS (b + 1) STORED);
-- data
INSERT INTO t VALUES (1);
-- new
CREATE TABLE t (b int, a int GENERATED ALWAYS AS (b + 2) STORED);
-- after
CREATE TABLE q (x int) PARTITION BY LIST (coalesce((NULL::t).a, x));
