CREATE MATERIALIZED VIEW daily AS SELECT device_id, date_trunc('day', at AT TIME ZONE 'UTC') AS day, avg(value) AS mean, max(value) AS peak FROM reading WHERE quality = 'good' GROUP BY 1, 2 WITH NO DATA;
CREATE UNIQUE INDEX daily_key ON daily (device_id, day);
CREATE VIEW latest AS SELECT DISTINCT ON (device_id) device_id, at, value FROM reading ORDER BY device_id, at DESC;
CREATE STATISTICS reading_stats (dependencies) ON device_id, quality FROM reading;
ALTER TABLE reading_2024_01 SET (autovacuum_enabled = false, fillfactor = 100);
ALTER TABLE device ADD CONSTRAINT device_serial UNIQUE (serial);
