-- expect: conflict
-- base
CREATE TABLE a (x int);
-- ours
ALTER TABLE a ALTER COLUMN x TYPE bigint;
-- theirs
ALTER TABLE a ALTER COLUMN x TYPE numeric;
