-- expect: refused both ways
-- old
CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int);
GRANT SELECT ON t TO alice WITH GRANT OPTION;
SET ROLE alice; GRANT SELECT ON t TO bob; RESET ROLE;
