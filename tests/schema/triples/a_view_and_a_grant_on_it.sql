-- base
CREATE TABLE a (x int, y int); CREATE VIEW v AS SELECT x FROM a;
-- ours
CREATE OR REPLACE VIEW v AS SELECT x, y FROM a;
-- theirs
GRANT SELECT ON v TO alice;
