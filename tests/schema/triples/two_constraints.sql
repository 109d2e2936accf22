-- base
CREATE TABLE a (x int);
-- ours
ALTER TABLE a ADD CONSTRAINT c1 CHECK (x > 0);
-- theirs
ALTER TABLE a ADD CONSTRAINT c2 CHECK (x < 100);
