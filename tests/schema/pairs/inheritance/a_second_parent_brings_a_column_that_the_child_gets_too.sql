-- old
CREATE TABLE p1 (a int); CREATE TABLE c (z int) INHERITS (p1);
-- data
INSERT INTO c VALUES (1);
-- new
CREATE TABLE p1 (a int); CREATE TABLE p2 (c text NOT NULL DEFAULT 'q'); CREATE TABLE c (z int, c text NOT NULL DEFAULT 'q') INHERITS (p1, p2);
