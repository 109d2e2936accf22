-- requires-extension: btree_gist
-- old
CREATE EXTENSION btree_gist; CREATE TABLE b (room int, during tstzrange, cancelled bool, CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&));
-- new
CREATE EXTENSION btree_gist; CREATE TABLE b (room bigint, during tstzrange, cancelled bool, CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (NOT cancelled) DEFERRABLE INITIALLY DEFERRED);
-- data
INSERT INTO b VALUES (1,'[2020-01-01,2020-01-02)',false);
