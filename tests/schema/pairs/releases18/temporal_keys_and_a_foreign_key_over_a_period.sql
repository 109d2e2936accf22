-- min-version: 18
-- requires-extension: btree_gist
-- old
CREATE EXTENSION btree_gist;
CREATE TABLE a (id int, during daterange, n text); CREATE TABLE b (id int, a_id int, during daterange);
-- new
CREATE EXTENSION btree_gist;
CREATE TABLE a (id int, during daterange, n text, CONSTRAINT a_key PRIMARY KEY (id, during WITHOUT OVERLAPS), CONSTRAINT a_n UNIQUE (n, during WITHOUT OVERLAPS));
CREATE TABLE b (id int, a_id int, during daterange, CONSTRAINT b_a FOREIGN KEY (a_id, PERIOD during) REFERENCES a (id, PERIOD during));
