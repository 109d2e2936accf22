-- forbid: DROP TABLE
-- old
CREATE TABLE hot (id int) WITH (fillfactor = 90, autovacuum_enabled = false);
-- new
CREATE TABLE hot (id int) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
