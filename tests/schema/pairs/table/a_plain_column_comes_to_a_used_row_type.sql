-- old
CREATE TABLE t (a int);
CREATE TABLE u (x t);
-- new
CREATE TABLE t (a int, c int);
CREATE TABLE u (x t);
