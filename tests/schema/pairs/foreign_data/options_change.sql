-- requires-extension: postgres_fdw
-- forbid: DROP (SERVER|FOREIGN TABLE)
-- old
CREATE EXTENSION postgres_fdw;
CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h', port '1');
CREATE FOREIGN TABLE remote (id int OPTIONS (column_name 'key'), gone int) SERVER other OPTIONS (table_name 't');
-- new
CREATE EXTENSION postgres_fdw;
CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h2', dbname 'd');
CREATE FOREIGN TABLE remote (id int OPTIONS (column_name 'id2'), added text) SERVER other OPTIONS (table_name 't2', schema_name 's');
