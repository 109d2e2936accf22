-- expect: conflict
-- base
CREATE TABLE a (x int);
-- ours
ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0);
-- theirs
ALTER TABLE a ADD CONSTRAINT c CHECK (x > 1);
