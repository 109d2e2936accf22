-- old
CREATE TABLE p (a int, k int) PARTITION BY LIST (k); CREATE TABLE p_1 (a int, k int);
-- new
CREATE TABLE p (a int, k int, b text, c int NOT NULL) PARTITION BY LIST (k); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1);
