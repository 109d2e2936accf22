-- old
CREATE TABLE t (a int, b int);
GRANT SELECT (a) ON t TO alice;
-- new
CREATE TABLE t (a int, b int);
GRANT SELECT (b), UPDATE (a, b) ON t TO alice;
GRANT INSERT (a) ON t TO bob WITH GRANT OPTION;
