-- requires-extension: pg_stat_statements
-- old
CREATE EXTENSION pg_stat_statements;
-- new
CREATE EXTENSION pg_stat_statements;
REVOKE SELECT ON pg_stat_statements FROM PUBLIC; GRANT SELECT ON pg_stat_statements TO alice;
GRANT EXECUTE ON FUNCTION pg_stat_statements_info() TO bob;
