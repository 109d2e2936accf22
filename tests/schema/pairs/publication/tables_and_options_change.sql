-- forbid: DROP PUBLICATION
-- old
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, v int);
CREATE PUBLICATION p FOR TABLE a WITH (publish_via_partition_root = true);
-- new
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, v int);
CREATE PUBLICATION p FOR TABLE b WHERE (id > 10) WITH (publish = 'delete');
