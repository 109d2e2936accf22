-- max-version: 17
-- expect: same
-- old
CREATE TABLE m (a int NOT NULL, b int) PARTITION BY RANGE (a); CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (1) TO (5); CREATE INDEX m_b_idx ON m (b);
-- new
CREATE TABLE m (a int NOT NULL, b int) PARTITION BY RANGE (a); CREATE TABLE m1 (a int NOT NULL, b int); CREATE INDEX m1_b_idx ON m1 (b);
CREATE INDEX m_b_idx ON m (b); ALTER TABLE m ATTACH PARTITION m1 FOR VALUES FROM (1) TO (5);
