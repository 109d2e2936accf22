-- expect: conflict
-- base
CREATE TABLE a (x int); CREATE VIEW v AS SELECT x FROM a;
-- ours
DROP VIEW v;
-- theirs
CREATE VIEW w AS SELECT x FROM v;
