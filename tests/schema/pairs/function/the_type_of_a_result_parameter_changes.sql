-- old
CREATE FUNCTION f(a int, OUT b int, OUT c text) LANGUAGE sql AS $$SELECT 1, 'x'$$;
CREATE FUNCTION g(INOUT a int, OUT b int) LANGUAGE sql AS 'SELECT 1, 2';
CREATE VIEW v AS SELECT (f(1)).c;
CREATE VIEW w AS SELECT * FROM f(3);
-- new
CREATE FUNCTION f(a int, OUT b int, OUT c varchar) LANGUAGE sql AS $$SELECT 1, 'x'::varchar$$;
CREATE FUNCTION g(INOUT a int, OUT b bigint) LANGUAGE sql AS 'SELECT 1, 2::bigint';
CREATE VIEW v AS SELECT (f(1)).c;
CREATE VIEW w AS SELECT * FROM f(3);
