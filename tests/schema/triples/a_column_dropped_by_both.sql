-- base
CREATE TABLE a (id int PRIMARY KEY, x int);
-- ours
ALTER TABLE a DROP COLUMN x;
-- theirs
ALTER TABLE a DROP COLUMN x;
