-- expect: same
-- old
CREATE TABLE t (a int, b int, c int);
-- new
CREATE TABLE t (c int, a int, b int);
