-- old
CREATE TABLE t (id int PRIMARY KEY, n int);
-- new
CREATE TABLE lims (v int);
CREATE FUNCTION inner_limit() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 10';
CREATE FUNCTION a_limit(k int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM count(*) FROM public.lims; RETURN public.inner_limit() + k; END$$;
CREATE TABLE t (id int PRIMARY KEY, n int CONSTRAINT small CHECK (n < a_limit(5)));
CREATE INDEX i ON t (n) WHERE n > a_limit(1);
CREATE VIEW v AS SELECT * FROM t WHERE n < a_limit(2);
