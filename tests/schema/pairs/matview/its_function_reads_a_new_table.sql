-- old
CREATE TABLE t (id int);
-- new
CREATE TABLE t (id int);
CREATE TABLE zz_settings (k text PRIMARY KEY, v int);
CREATE FUNCTION a_limit() RETURNS int LANGUAGE plpgsql STABLE AS $$BEGIN RETURN (SELECT max(v) FROM public.zz_settings); END$$;
CREATE MATERIALIZED VIEW aa AS SELECT id, a_limit() AS l FROM t UNION ALL SELECT 1, a_limit();
