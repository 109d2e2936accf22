-- old
-- new
CREATE FUNCTION f(VARIADIC xs int[]) RETURNS int LANGUAGE sql AS 'SELECT cardinality(xs)';
CREATE FUNCTION first(anyarray, anyelement DEFAULT NULL) RETURNS anyelement LANGUAGE sql AS 'SELECT $1[1]';
CREATE FUNCTION io(INOUT a int, VARIADIC b text[] DEFAULT '{}') LANGUAGE plpgsql AS $$BEGIN END$$;
