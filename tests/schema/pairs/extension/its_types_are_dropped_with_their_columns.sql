-- requires-extension: ltree
-- old
CREATE EXTENSION ltree; CREATE TABLE t (id int PRIMARY KEY, path ltree NOT NULL, n text); CREATE INDEX i ON t USING gist (path); CREATE VIEW v AS SELECT id, nlevel(path) AS depth FROM t; CREATE FUNCTION kids(p ltree) RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t WHERE path <@ p';
-- new
CREATE TABLE t (id int PRIMARY KEY, n text, parent int REFERENCES t); CREATE VIEW v AS SELECT id, 1 AS depth FROM t;
