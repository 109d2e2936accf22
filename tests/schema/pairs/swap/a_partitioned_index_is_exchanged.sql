-- require: CREATE INDEX CONCURRENTLY lakebase_new_m_1_at_idx
-- require: CREATE INDEX lakebase_new_m_at_idx ON ONLY
-- base
CREATE TABLE m (at date, device int, v float8) PARTITION BY RANGE (at);
CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE m_2 PARTITION OF m FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (device);
CREATE TABLE m_2_a PARTITION OF m_2 FOR VALUES IN (1, 2);
-- old
CREATE INDEX m_at_idx ON m (at);
-- new
CREATE INDEX m_at_idx ON m (at DESC, device);
ALTER INDEX m_1_at_device_idx RENAME TO m_1_at_idx;
COMMENT ON INDEX m_1_at_idx IS 'a part';
