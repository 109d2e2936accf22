-- expect: conflict
-- base
CREATE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text'; CREATE TABLE t (id int, o text);
-- ours
CREATE POLICY own ON t USING (o = who());
-- theirs
DROP FUNCTION who(); CREATE FUNCTION current_who() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text';
