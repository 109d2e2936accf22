-- expect: conflict
-- base
CREATE TABLE a (id int PRIMARY KEY, x int);
-- ours
ALTER TABLE a DROP COLUMN x;
-- theirs
CREATE VIEW v AS SELECT x FROM a;
