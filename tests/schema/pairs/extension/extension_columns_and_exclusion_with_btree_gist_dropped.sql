-- requires-extension: btree_gist
-- requires-extension: hstore
-- old
CREATE EXTENSION btree_gist; CREATE EXTENSION hstore; CREATE TABLE t (a int, r int4range, h hstore, EXCLUDE USING gist (a WITH =, r WITH &&)); CREATE INDEX gi ON t USING gist (a); CREATE VIEW v AS SELECT h->'x' AS x FROM t;
-- new
CREATE TABLE t (a int, r int4range, h jsonb); CREATE INDEX gi ON t (a); CREATE VIEW v AS SELECT h->>'x' AS x FROM t;
