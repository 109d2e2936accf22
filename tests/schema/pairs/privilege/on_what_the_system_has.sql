-- old
CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int);
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO alice;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC;
GRANT SELECT ON pg_catalog.pg_authid TO bob;
