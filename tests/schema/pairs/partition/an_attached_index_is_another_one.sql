-- expect: refused both ways
-- base
CREATE TABLE p (a int, k int) PARTITION BY LIST (k); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1);
CREATE INDEX one ON p_1 (a); CREATE INDEX two ON p_1 (a); CREATE INDEX top ON ONLY p (a);
-- old
ALTER INDEX top ATTACH PARTITION one;
-- new
ALTER INDEX top ATTACH PARTITION two;
