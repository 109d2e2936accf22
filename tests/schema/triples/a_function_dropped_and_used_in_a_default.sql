-- expect: conflict
-- base
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE a (x int);
-- ours
DROP FUNCTION f();
-- theirs
ALTER TABLE a ALTER x SET DEFAULT f();
