-- expect: conflict
-- base
CREATE TABLE a (x int DEFAULT 0);
-- ours
ALTER TABLE a ALTER COLUMN x DROP DEFAULT;
-- theirs
ALTER TABLE a ALTER COLUMN x SET DEFAULT 2;
