-- expect: refused both ways
-- old
CREATE TABLE t (a int);
CREATE TYPE c AS (x t);
CREATE TABLE u (x c[]);
-- new
CREATE TABLE t (a bigint);
CREATE TYPE c AS (x t);
CREATE TABLE u (x c[]);
