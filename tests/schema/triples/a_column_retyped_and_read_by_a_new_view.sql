-- expect: conflict
-- base
CREATE TABLE a (id int PRIMARY KEY, x int);
-- ours
ALTER TABLE a ALTER COLUMN x TYPE text;
-- theirs
CREATE VIEW v AS SELECT x + 1 AS y FROM a;
