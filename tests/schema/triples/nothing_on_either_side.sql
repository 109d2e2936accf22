-- base
CREATE TABLE a (x int);
-- ours
-- theirs
