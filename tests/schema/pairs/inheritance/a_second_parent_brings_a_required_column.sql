-- expect: refused
-- one-way
-- old
CREATE TABLE p1 (a int, b text); CREATE TABLE p2 (a int, c text NOT NULL DEFAULT 'q'); CREATE TABLE c (z int) INHERITS (p1);
-- data
INSERT INTO c VALUES (1, 'x', 2);
-- new
CREATE TABLE p1 (a int, b text); CREATE TABLE p2 (a int, c text NOT NULL DEFAULT 'q'); CREATE TABLE c (z int) INHERITS (p1, p2);
