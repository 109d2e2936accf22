-- old
CREATE TYPE color AS ENUM ('red');
CREATE TABLE t (c color);
-- new
CREATE TYPE color AS ENUM ('red');
CREATE TABLE t (c color);
CREATE FUNCTION color_no(color) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE CAST (color AS int) WITH FUNCTION color_no(color);
CREATE VIEW v AS SELECT c::int AS n FROM t;
