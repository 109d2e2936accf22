-- old
CREATE FUNCTION f(a int, b text DEFAULT 'x', c int[] DEFAULT '{}') RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW v AS SELECT f(1) AS x, f(2, 'q') AS y;
-- new
CREATE FUNCTION f(a int, b text DEFAULT upper('y'), c int[] DEFAULT ARRAY[1, 2]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW v AS SELECT f(1) AS x, f(2, 'q') AS y;
