-- requires-extension: file_fdw
-- old
CREATE EXTENSION file_fdw; CREATE SERVER f FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE t (a int, b text DEFAULT 'x') SERVER f OPTIONS (filename '/tmp/a.csv', format 'csv');
-- new
CREATE EXTENSION file_fdw; CREATE SERVER f FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE t (a bigint CHECK (a > 0), b text DEFAULT 'y' NOT NULL, c int OPTIONS (force_null 'true')) SERVER f OPTIONS (filename '/tmp/b.csv', format 'csv', header 'true');
COMMENT ON COLUMN t.a IS 'a'; GRANT SELECT ON t TO alice; ALTER FOREIGN TABLE t OWNER TO bob;
