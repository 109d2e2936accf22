-- base
CREATE TABLE a (id int PRIMARY KEY);
-- ours
ALTER TABLE a ADD COLUMN x int, ADD COLUMN z int;
-- theirs
ALTER TABLE a ADD COLUMN x int;
