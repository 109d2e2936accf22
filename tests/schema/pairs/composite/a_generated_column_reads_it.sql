-- recreates: t.z
-- old
CREATE TYPE c AS (a int);
CREATE TABLE t (x int, z int GENERATED ALWAYS AS ((row(x)::c).a) STORED);
-- new
CREATE TYPE c AS (a bigint);
CREATE TABLE t (x int, z int GENERATED ALWAYS AS ((row(x)::c).a) STORED);
