-- expect: same
-- old
CREATE TABLE t (a int, b varchar(5), c decimal(4,1), d timestamptz, e bool, f char, g float, h bigint[]);
-- new
CREATE TABLE t (a integer, b character varying(5), c numeric(4,1), d timestamp with time zone, e boolean, f character(1), g double precision, h int8 ARRAY);
