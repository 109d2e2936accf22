-- requires-extension: btree_gist
-- base
CREATE EXTENSION btree_gist;
-- old
CREATE TABLE booking (room int, during tsrange);
-- new
CREATE TABLE booking (room int, during tsrange, CONSTRAINT one_per_room EXCLUDE USING gist (room WITH =, during WITH &&));
