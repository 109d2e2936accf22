-- base
CREATE TABLE a (x int); CREATE VIEW v AS SELECT * FROM a;
-- ours
ALTER TABLE a ADD COLUMN y int;
-- theirs
GRANT SELECT ON v TO alice; COMMENT ON COLUMN a.x IS 'x';
