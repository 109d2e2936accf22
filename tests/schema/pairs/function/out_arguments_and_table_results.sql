-- old
CREATE FUNCTION f(OUT a int, OUT b text) LANGUAGE sql AS $$SELECT 1, 'x'::text$$;
CREATE FUNCTION g() RETURNS TABLE (a int) LANGUAGE sql AS 'SELECT 1';
-- new
CREATE FUNCTION f(OUT a int, OUT b text, OUT c date) LANGUAGE sql AS $$SELECT 1, 'x'::text, current_date$$;
CREATE FUNCTION g() RETURNS TABLE (a int, b int) LANGUAGE sql AS 'SELECT 1, 2';
