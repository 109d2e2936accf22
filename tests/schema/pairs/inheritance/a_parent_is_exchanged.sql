-- base
CREATE TABLE p1 (id int);
CREATE TABLE p2 (id int);
-- old
CREATE TABLE c () INHERITS (p1);
-- new
CREATE TABLE c () INHERITS (p2);
