-- requires-extension: postgres_fdw
-- old
CREATE EXTENSION postgres_fdw;
CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'a', port '5432');
CREATE USER MAPPING FOR alice SERVER s OPTIONS (user 'x', password 'y');
CREATE FOREIGN TABLE ft (id int OPTIONS (column_name 'ident'), n text) SERVER s OPTIONS (schema_name 'public', table_name 'tt');
CREATE VIEW v AS SELECT id FROM ft;
-- new
CREATE EXTENSION postgres_fdw;
CREATE SERVER s TYPE 'pg' VERSION '16' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'b', dbname 'd');
CREATE USER MAPPING FOR alice SERVER s OPTIONS (user 'x2'); CREATE USER MAPPING FOR PUBLIC SERVER s;
CREATE FOREIGN TABLE ft (id bigint OPTIONS (column_name 'identity'), n text NOT NULL, z date) SERVER s OPTIONS (table_name 'tt', fetch_size '50');
CREATE VIEW v AS SELECT id, z FROM ft;
GRANT USAGE ON FOREIGN SERVER s TO alice; COMMENT ON SERVER s IS 'other'; COMMENT ON FOREIGN TABLE ft IS 'there'; ALTER SERVER s OWNER TO bob;
