-- old
CREATE TABLE t (a int, b int, c int); GRANT SELECT, INSERT ON t TO alice WITH GRANT OPTION; GRANT SELECT (a), UPDATE (a, b) ON t TO bob;
-- new
CREATE TABLE t (a int, b bigint, d int); GRANT SELECT (a, b, d), INSERT (a) ON t TO alice; GRANT SELECT ON t TO bob; GRANT UPDATE (d) ON t TO bob WITH GRANT OPTION; GRANT REFERENCES (a) ON t TO PUBLIC;
