-- old
CREATE TABLE t (a int, b int);
-- new
CREATE TABLE t (a int, b int, CONSTRAINT something CHECK (t IS NOT NULL));
