-- expect: conflict
-- base
CREATE TABLE a (x int DEFAULT 0);
-- ours
ALTER TABLE a ALTER COLUMN x SET DEFAULT 1;
-- theirs
ALTER TABLE a ALTER COLUMN x SET DEFAULT 2;
