-- requires-extension: pg_stat_statements
-- requires-extension: dblink
-- old
CREATE TABLE t (a int);
-- new
CREATE TABLE t (a int); CREATE SCHEMA ext; CREATE EXTENSION dblink SCHEMA ext; CREATE EXTENSION pg_stat_statements SCHEMA ext;
REVOKE EXECUTE ON FUNCTION ext.dblink_connect(text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION ext.dblink_connect_u(text) TO alice; GRANT SELECT (query) ON ext.pg_stat_statements TO bob; REVOKE ALL ON FUNCTION ext.dblink_exec(text) FROM PUBLIC; GRANT USAGE ON FOREIGN DATA WRAPPER dblink_fdw TO alice;
