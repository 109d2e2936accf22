-- old
CREATE TABLE a (x int);
CREATE TABLE b (z int) INHERITS (a);
-- new
CREATE TABLE a (x int NOT NULL);
CREATE TABLE b (z int) INHERITS (a);
