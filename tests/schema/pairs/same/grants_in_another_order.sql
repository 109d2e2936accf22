-- expect: same
-- old
CREATE TABLE t (a int); GRANT SELECT ON t TO alice; GRANT INSERT ON t TO bob; GRANT UPDATE ON t TO alice;
-- new
CREATE TABLE t (a int); GRANT INSERT ON t TO bob; GRANT UPDATE, SELECT ON t TO alice; GRANT DELETE ON t TO bob; REVOKE DELETE ON t FROM bob;
