-- one-way
-- old
CREATE TABLE p (a int, b int); CREATE TABLE c (x int) INHERITS (p);
-- new
CREATE TABLE p (a int); CREATE TABLE c (x int, a int);
