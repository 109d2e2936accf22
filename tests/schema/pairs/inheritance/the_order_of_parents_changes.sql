-- expect: refused both ways
-- old
CREATE TABLE a (x int); CREATE TABLE b (y int); CREATE TABLE c () INHERITS (a, b);
-- new
CREATE TABLE a (x int); CREATE TABLE b (y int); CREATE TABLE c () INHERITS (b, a);
