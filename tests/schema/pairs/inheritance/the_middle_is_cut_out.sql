-- old
CREATE TABLE a (x int, k text); CREATE TABLE b (y int) INHERITS (a); CREATE TABLE c (z int) INHERITS (b);
-- new
CREATE TABLE a (x int, k text); CREATE TABLE c (x int, k text, y int, z int);
-- one-way
-- data
INSERT INTO c VALUES (1,'k',2,3);
-- check: SELECT x||k||y||z FROM c => 1k23
