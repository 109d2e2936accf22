-- requires-extension: btree_gist
-- min-version: 18
-- old
CREATE EXTENSION btree_gist; CREATE TABLE a (id int, v daterange, PRIMARY KEY (id, v WITHOUT OVERLAPS)); CREATE TABLE b (id int, a int, v daterange, FOREIGN KEY (a, PERIOD v) REFERENCES a (id, PERIOD v));
-- new
CREATE EXTENSION btree_gist; CREATE TABLE a (id bigint, v daterange, w text, CONSTRAINT k UNIQUE (id, v WITHOUT OVERLAPS)); CREATE TABLE b (id int, a bigint, v daterange, FOREIGN KEY (a, PERIOD v) REFERENCES a (id, PERIOD v));
