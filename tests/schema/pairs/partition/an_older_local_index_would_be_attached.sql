-- expect: refused
-- base
CREATE TABLE p (a int, k int) PARTITION BY LIST (k); CREATE TABLE p_1 (a int, k int); CREATE INDEX own ON p_1 (a);
-- old
CREATE INDEX top ON p (a);
-- new
ALTER TABLE p ATTACH PARTITION p_1 FOR VALUES IN (1); CREATE INDEX top ON ONLY p (a); CREATE INDEX p_1_a_idx ON p_1 (a); ALTER INDEX top ATTACH PARTITION p_1_a_idx;
