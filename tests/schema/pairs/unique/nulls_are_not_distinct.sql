-- old
CREATE TABLE t (a int, b int, UNIQUE (a, b));
-- new
CREATE TABLE t (a int, b int, UNIQUE NULLS NOT DISTINCT (a, b));
