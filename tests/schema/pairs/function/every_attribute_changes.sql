-- forbid: DROP
-- old
CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN a; END$$;
-- new
CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER LEAKPROOF PARALLEL SAFE COST 7 SET search_path = pg_catalog, public SET work_mem = '4MB' AS $$BEGIN RETURN a; END$$;
