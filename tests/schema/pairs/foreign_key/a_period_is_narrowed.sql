-- min-version: 18
-- requires-extension: btree_gist
-- base
CREATE EXTENSION btree_gist;
-- old
CREATE TABLE a (id bigint, r daterange, PRIMARY KEY (id, r WITHOUT OVERLAPS));
CREATE TABLE b (aid bigint, r daterange, FOREIGN KEY (aid, PERIOD r) REFERENCES a (id, PERIOD r));
-- new
CREATE TABLE a (id int, r daterange, PRIMARY KEY (id, r WITHOUT OVERLAPS));
CREATE TABLE b (aid int, r daterange, FOREIGN KEY (aid, PERIOD r) REFERENCES a (id, PERIOD r));
