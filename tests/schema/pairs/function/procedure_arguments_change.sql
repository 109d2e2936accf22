-- old
CREATE PROCEDURE p(a int, INOUT b text) LANGUAGE plpgsql AS 'BEGIN b := a::text; END';
CREATE PROCEDURE q(a int, OUT c int) LANGUAGE plpgsql AS 'BEGIN c := a; END';
GRANT EXECUTE ON PROCEDURE p(int, text) TO alice; COMMENT ON PROCEDURE q(int) IS 'q';
-- new
CREATE PROCEDURE p(a int, INOUT b text DEFAULT NULL, c int DEFAULT 1) LANGUAGE plpgsql AS 'BEGIN b := a::text; END';
CREATE PROCEDURE q(a int, OUT d int) LANGUAGE plpgsql AS 'BEGIN d := a; END';
GRANT EXECUTE ON PROCEDURE p(int, text, int) TO alice; COMMENT ON PROCEDURE q(int) IS 'q2';
