-- expect: conflict
-- base
CREATE SCHEMA s;
-- ours
DROP SCHEMA s;
-- theirs
CREATE TABLE s.t (a int);
