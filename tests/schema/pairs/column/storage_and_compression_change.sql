-- forbid: DROP COLUMN
-- old
CREATE TABLE t (a text, b text, c bytea);
-- new
CREATE TABLE t (a text COMPRESSION pglz, b text, c bytea);
ALTER TABLE t ALTER b SET STORAGE EXTERNAL, ALTER c SET STORAGE MAIN;
