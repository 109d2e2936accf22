-- expect: conflict
-- base
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int);
-- ours
DROP TABLE a;
-- theirs
ALTER TABLE a ADD COLUMN x int;
