-- old
CREATE TABLE t (id int);
-- new
CREATE TYPE float_range AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = float_ranges);
CREATE TABLE t (id int, r float_range, m float_ranges, CONSTRAINT x EXCLUDE USING gist (r WITH &&));
