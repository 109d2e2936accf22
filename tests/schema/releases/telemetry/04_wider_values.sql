DROP VIEW latest; DROP MATERIALIZED VIEW daily;
ALTER TABLE reading ALTER COLUMN value TYPE numeric;
ALTER TABLE reading ADD COLUMN tags jsonb;
CREATE INDEX reading_tags ON reading USING gin (tags);
CREATE MATERIALIZED VIEW daily AS SELECT device_id, date_trunc('day', at AT TIME ZONE 'UTC') AS day, avg(value) AS mean, max(value) AS peak, min(value) AS low FROM reading WHERE quality = 'good' GROUP BY 1, 2 WITH NO DATA;
CREATE UNIQUE INDEX daily_key ON daily (device_id, day);
CREATE VIEW latest AS SELECT DISTINCT ON (device_id) device_id, at, value, tags FROM reading ORDER BY device_id, at DESC;
ALTER TYPE quality ADD VALUE 'suspect' BEFORE 'bad';
