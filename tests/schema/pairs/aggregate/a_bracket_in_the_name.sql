-- old
-- new
CREATE AGGREGATE "sum(" (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
COMMENT ON AGGREGATE "sum(" (int) IS 'x';
