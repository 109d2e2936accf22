-- require: ADD CONSTRAINT lakebase_bound_m_2 CHECK \(at IS NOT NULL AND at >= '2025-01-01' AND at < '2026-01-01'\) NOT VALID
-- require: DROP CONSTRAINT lakebase_bound_m_2
-- base
CREATE TABLE m (at date NOT NULL, k text, v int) PARTITION BY RANGE (at);
CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE m_2 (at date NOT NULL, k text, v int);
CREATE TABLE l (k varchar(10), v int) PARTITION BY LIST (k);
CREATE TABLE l_a (k varchar(10), v int);
CREATE INDEX l_k ON l (k);
-- data
INSERT INTO m_2 VALUES ('2025-06-01', 'x', 1);
INSERT INTO l_a VALUES ('a', 1), ('b', 1);
-- old
SELECT 1;
-- new
ALTER TABLE m ATTACH PARTITION m_2 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
ALTER TABLE l ATTACH PARTITION l_a FOR VALUES IN ('a', 'b');
