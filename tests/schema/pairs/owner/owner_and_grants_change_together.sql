-- old
CREATE TABLE t (a int); GRANT SELECT ON t TO bob;
-- new
CREATE TABLE t (a int); ALTER TABLE t OWNER TO bob; GRANT SELECT ON t TO alice;
