-- max-version: 17
-- expect: refused both ways
-- old
CREATE TABLE p (a int, k int) PARTITION BY LIST (k);
-- new
CREATE UNLOGGED TABLE p (a int, k int) PARTITION BY LIST (k);
