-- old
CREATE FUNCTION a() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION b() RETURNS int LANGUAGE sql SET search_path = '' SET work_mem = '4MB' AS 'SELECT 1';
CREATE FUNCTION c() RETURNS int LANGUAGE plpgsql SET search_path TO "$user", public, "Odd Name" SET statement_timeout = 500 AS 'BEGIN RETURN 1; END';
CREATE PROCEDURE d() LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN END';
-- new
CREATE FUNCTION a() RETURNS int LANGUAGE sql SET search_path = '' SET timezone = 'UTC' AS 'SELECT 1';
CREATE FUNCTION b() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION c() RETURNS int LANGUAGE plpgsql SET search_path TO public SET default_transaction_read_only = on SET "my.own" = 'it''s' AS 'BEGIN RETURN 1; END';
CREATE PROCEDURE d() LANGUAGE plpgsql SET datestyle = 'ISO, DMY' AS 'BEGIN END';
