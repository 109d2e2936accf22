-- old
CREATE TABLE a (x int); CREATE TABLE k (y int); CREATE INDEX j ON a (x);
-- new
CREATE TABLE a (x int, CONSTRAINT k UNIQUE (x)); CREATE SEQUENCE j;
