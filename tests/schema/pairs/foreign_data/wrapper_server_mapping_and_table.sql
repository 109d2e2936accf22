-- requires-extension: postgres_fdw
-- old
CREATE EXTENSION postgres_fdw;
-- new
CREATE EXTENSION postgres_fdw;
CREATE SERVER other TYPE 'pg' VERSION '15' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', dbname 'it''s');
CREATE USER MAPPING FOR alice SERVER other OPTIONS (user 'a');
CREATE FOREIGN TABLE remote (id int OPTIONS (column_name 'key') NOT NULL, v text DEFAULT 'x', CHECK (id > 0)) SERVER other OPTIONS (schema_name 's', table_name 't');
COMMENT ON SERVER other IS 'over there'; GRANT USAGE ON FOREIGN SERVER other TO bob; COMMENT ON FOREIGN TABLE remote IS 'r';
