-- old
-- new
CREATE FUNCTION time_diff(x time, y time) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT EXTRACT(EPOCH FROM (x - y))';
CREATE TYPE time_range AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = time_diff);
CREATE TABLE shop (open time_range);
