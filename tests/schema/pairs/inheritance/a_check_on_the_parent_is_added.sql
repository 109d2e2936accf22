-- old
CREATE TABLE a (x int);
CREATE TABLE b (z int) INHERITS (a);
-- new
CREATE TABLE a (x int CONSTRAINT pos CHECK (x > 0));
CREATE TABLE b (z int) INHERITS (a);
