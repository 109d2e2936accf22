-- base
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
-- ours
ALTER TABLE a ADD COLUMN x int;
-- theirs
ALTER TABLE b ADD COLUMN y text;
