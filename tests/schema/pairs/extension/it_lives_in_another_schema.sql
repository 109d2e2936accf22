-- requires-extension: hstore
-- old
CREATE TABLE t (id int);
-- new
CREATE SCHEMA ext;
CREATE EXTENSION hstore SCHEMA ext;
CREATE TABLE t (id int, h ext.hstore DEFAULT ''::ext.hstore);
