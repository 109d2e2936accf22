-- base
CREATE TABLE a (x int);
-- ours
-- theirs
ALTER TABLE a ADD COLUMN y int; CREATE INDEX i ON a (y);
