-- old
CREATE TABLE p (a int, n int); CREATE TABLE c (n int) INHERITS (p); CREATE TABLE g (n int, x int) INHERITS (c);
-- new
CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); CREATE TABLE g (x int) INHERITS (c);
