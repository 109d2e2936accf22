-- old
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, v int);
-- new
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, v int);
CREATE PUBLICATION p FOR TABLE a, b (id) WHERE (id > 0) WITH (publish = 'insert, update');
