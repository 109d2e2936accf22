-- expect: conflict
-- base
CREATE TABLE a (x int, y int); CREATE INDEX i ON a (x);
-- ours
DROP INDEX i; CREATE INDEX i ON a (x, y);
-- theirs
DROP INDEX i; CREATE UNIQUE INDEX i ON a (x);
