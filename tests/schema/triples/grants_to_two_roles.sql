-- base
CREATE TABLE a (x int);
-- ours
GRANT SELECT ON a TO alice;
-- theirs
GRANT SELECT ON a TO bob;
