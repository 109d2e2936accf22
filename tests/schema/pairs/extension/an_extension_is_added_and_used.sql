-- requires-extension: citext
-- old
CREATE TABLE t (e text);
-- new
CREATE EXTENSION citext;
CREATE TABLE t (e citext UNIQUE);
