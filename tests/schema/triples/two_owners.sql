-- expect: conflict
-- base
CREATE TABLE a (x int);
-- ours
ALTER TABLE a OWNER TO alice;
-- theirs
ALTER TABLE a OWNER TO bob;
