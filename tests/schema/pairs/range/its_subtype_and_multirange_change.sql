-- old
CREATE TYPE r AS RANGE (subtype = int4);
CREATE TABLE u (y r);
-- new
CREATE TYPE r AS RANGE (subtype = int8, multirange_type_name = many);
CREATE TABLE u (y r);
