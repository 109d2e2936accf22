-- max-version: 17
-- recreate-tables
-- recreates: p(_1)?(\.\w+)?
-- old
CREATE TABLE p (a int, k int PRIMARY KEY) PARTITION BY LIST (k); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1);
-- new
CREATE UNLOGGED TABLE p (a int, k int PRIMARY KEY) PARTITION BY LIST (k); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1);
-- data
INSERT INTO p VALUES (5, 1);
-- check: SELECT sum(a) FROM p_1; => 5
