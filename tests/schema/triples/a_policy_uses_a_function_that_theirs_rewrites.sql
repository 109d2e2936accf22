-- base
CREATE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text'; CREATE TABLE t (id int, o text); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- ours
CREATE POLICY own ON t USING (o = who());
-- theirs
CREATE OR REPLACE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS $$SELECT current_setting('app.user', true)$$;
