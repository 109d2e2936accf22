-- min-version: 18
-- old
CREATE TABLE t (a int CONSTRAINT x NOT NULL, b int NOT NULL, c int CONSTRAINT "Odd n" NOT NULL NO INHERIT);
-- new
CREATE TABLE t (a int NOT NULL, b int CONSTRAINT x NOT NULL, c int CONSTRAINT y NOT NULL);
