-- old
CREATE TABLE t (a int, b int, CONSTRAINT x UNIQUE (a));
CREATE UNIQUE INDEX y ON t (b);
-- new
CREATE TABLE t (a int, b int, CONSTRAINT y UNIQUE (b));
CREATE UNIQUE INDEX x ON t (a);
