-- old
CREATE TABLE t (a numeric(3,-2), b numeric(2,5), c numeric(10,0));
-- new
CREATE TABLE t (a numeric(5,-2), b numeric(3,6), c numeric(10));
