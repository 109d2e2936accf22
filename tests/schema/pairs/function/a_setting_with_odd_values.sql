-- old
CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = public AS 'SELECT 1';
-- new
CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = '' SET application_name = 'it''s, me' SET datestyle = 'ISO, DMY' SET statement_timeout = '1s' AS 'SELECT 1';
