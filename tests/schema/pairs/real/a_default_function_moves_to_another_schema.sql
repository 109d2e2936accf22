-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE FUNCTION gen() RETURNS text LANGUAGE sql AS 'SELECT md5(random()::text)'; CREATE TABLE t (id text PRIMARY KEY DEFAULT gen());
-- new
CREATE SCHEMA util; CREATE FUNCTION util.gen() RETURNS text LANGUAGE sql AS 'SELECT md5(random()::text)'; CREATE TABLE t (id text PRIMARY KEY DEFAULT util.gen());
