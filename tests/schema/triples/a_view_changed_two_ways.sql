-- expect: conflict
-- base
CREATE TABLE a (x int, y int); CREATE VIEW v AS SELECT x FROM a;
-- ours
CREATE OR REPLACE VIEW v AS SELECT x, y FROM a;
-- theirs
CREATE OR REPLACE VIEW v AS SELECT x FROM a WHERE y > 0;
