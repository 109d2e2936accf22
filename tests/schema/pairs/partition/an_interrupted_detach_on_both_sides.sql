-- forbid: p_1|CONCURRENTLY
-- one-way
-- old
CREATE TABLE p (a int, k int) PARTITION BY LIST (k); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p_2 PARTITION OF p FOR VALUES IN (2); CREATE TABLE p_3 PARTITION OF p FOR VALUES IN (3);
INSERT INTO p VALUES (1, 1), (2, 2);
SET allow_system_table_mods = on; UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'p_1'::regclass;
-- new
CREATE TABLE p (a int, k int) PARTITION BY LIST (k); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p_2 PARTITION OF p FOR VALUES IN (2); CREATE TABLE p_3 (a int, k int);
SET allow_system_table_mods = on; UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'p_1'::regclass;
ALTER TABLE p ADD b int NOT NULL DEFAULT 3; CREATE TABLE p_4 PARTITION OF p FOR VALUES IN (4);
-- check: SELECT count(*) FROM p_1 => 1
