-- old
CREATE TABLE p (a int); CREATE TABLE c (b int) INHERITS (p);
-- data
INSERT INTO c VALUES (1, 2);
-- new
CREATE TABLE p (a int, n text NOT NULL DEFAULT 'x'); CREATE TABLE c (b int, n text NOT NULL DEFAULT 'y') INHERITS (p);
