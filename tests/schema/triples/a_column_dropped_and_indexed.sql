-- expect: conflict
-- base
CREATE TABLE a (id int PRIMARY KEY, x int);
-- ours
ALTER TABLE a DROP COLUMN x;
-- theirs
CREATE INDEX a_x ON a (x);
