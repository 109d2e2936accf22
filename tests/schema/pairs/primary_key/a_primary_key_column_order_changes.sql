-- old
CREATE TABLE t (a int, b int, PRIMARY KEY (a, b));
-- new
CREATE TABLE t (a int, b int, PRIMARY KEY (b, a));
