-- base
CREATE TABLE a (id int PRIMARY KEY);
-- ours
ALTER TABLE a ADD COLUMN x int;
-- theirs
ALTER TABLE a ADD COLUMN y text DEFAULT 'y';
