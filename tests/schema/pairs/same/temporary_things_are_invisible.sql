-- expect: same
-- old
CREATE TABLE t (a int);
-- new
CREATE TEMP TABLE x (a int); CREATE TEMP VIEW y AS SELECT 1; CREATE TABLE t (a int);
