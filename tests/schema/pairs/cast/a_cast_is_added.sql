-- old
CREATE TYPE color AS ENUM ('red', 'green');
-- new
CREATE TYPE color AS ENUM ('red', 'green');
CREATE FUNCTION color_no(color) RETURNS int LANGUAGE sql IMMUTABLE AS $$SELECT CASE $1 WHEN 'red' THEN 0 ELSE 1 END$$;
CREATE CAST (color AS int) WITH FUNCTION color_no(color) AS ASSIGNMENT;
CREATE CAST (text AS color) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (color AS int) IS 'number of a colour';
