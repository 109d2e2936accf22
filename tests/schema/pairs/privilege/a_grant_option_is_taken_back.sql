-- old
CREATE TABLE t (a int);
GRANT SELECT ON t TO alice WITH GRANT OPTION;
-- new
CREATE TABLE t (a int);
GRANT SELECT ON t TO alice;
