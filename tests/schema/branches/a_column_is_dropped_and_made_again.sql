-- base
CREATE TABLE t (id int, v text);
-- old
-- new
ALTER TABLE t DROP COLUMN v; ALTER TABLE t ADD COLUMN v text;
