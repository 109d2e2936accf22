-- one-way
-- require: DETACH PARTITION public\.p_1 FINALIZE
-- base
CREATE TABLE p (a int, k int) PARTITION BY LIST (k); CREATE TABLE p_2 PARTITION OF p FOR VALUES IN (2);
-- old
CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p_3 PARTITION OF p FOR VALUES IN (3); INSERT INTO p VALUES (1, 1), (1, 2);
SET allow_system_table_mods = on; UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'p_1'::regclass;
-- new
CREATE TABLE p_1 (a bigint, k int); CREATE TABLE p_3 PARTITION OF p FOR VALUES IN (3);
-- check: SELECT count(*) FROM p_1; => 1
