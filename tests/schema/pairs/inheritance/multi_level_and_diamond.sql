-- old
CREATE TABLE a (x int); CREATE TABLE b () INHERITS (a); CREATE TABLE c () INHERITS (a); CREATE TABLE d () INHERITS (b, c);
-- new
CREATE TABLE a (x bigint, y text DEFAULT 'y'); CREATE TABLE b (z int) INHERITS (a); CREATE TABLE c () INHERITS (a); CREATE TABLE d () INHERITS (b, c);
