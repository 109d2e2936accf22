-- old
CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int, EXCLUDE USING hash (a WITH =));
