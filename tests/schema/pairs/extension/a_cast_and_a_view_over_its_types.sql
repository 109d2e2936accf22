-- requires-extension: ltree
-- old
CREATE EXTENSION ltree;
CREATE TABLE t (path ltree);
-- new
CREATE EXTENSION ltree;
COMMENT ON EXTENSION ltree IS 'trees';
CREATE TABLE t (path ltree NOT NULL);
CREATE INDEX i ON t USING gist (path gist_ltree_ops (siglen = 100));
CREATE VIEW v AS SELECT subpath(path, 0, 1) AS top FROM t WHERE path <@ 'a.b'::ltree;
