-- old
CREATE SCHEMA s AUTHORIZATION "jane.doe@example.com";
CREATE TABLE kept (id int);
-- new
CREATE SCHEMA s AUTHORIZATION "jane.doe@example.com";
CREATE TABLE kept (id serial);
ALTER TABLE kept OWNER TO "jane.doe@example.com";
CREATE TABLE t (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY);
ALTER TABLE t OWNER TO "jane.doe@example.com";
CREATE VIEW v AS SELECT id FROM t;
ALTER VIEW v OWNER TO "jane.doe@example.com";
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION f() OWNER TO "jane.doe@example.com";
CREATE TYPE e AS ENUM ('a');
ALTER TYPE e OWNER TO "jane.doe@example.com";
CREATE TABLE other (id int);
GRANT SELECT ON other TO "jane.doe@example.com" WITH GRANT OPTION;
CREATE POLICY p ON other TO "jane.doe@example.com" USING (id > 0);
ALTER DEFAULT PRIVILEGES FOR ROLE "jane.doe@example.com" GRANT SELECT ON TABLES TO alice;
