-- old
CREATE TABLE a (id int);
-- new
CREATE TABLE a (id int);
SET check_function_bodies = off;
CREATE FUNCTION even(n int) RETURNS bool LANGUAGE sql AS 'SELECT CASE WHEN n = 0 THEN true ELSE odd(n - 1) END';
CREATE FUNCTION odd(n int) RETURNS bool LANGUAGE sql AS 'SELECT CASE WHEN n = 0 THEN false ELSE even(n - 1) END';
CREATE FUNCTION reads_missing() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM not_here';
CREATE FUNCTION typed_missing() RETURNS void LANGUAGE plpgsql AS 'DECLARE r not_here%ROWTYPE; BEGIN END';
