-- old
CREATE TABLE t (a int, b int, c int, CONSTRAINT ab CHECK (a < b), CONSTRAINT bc CHECK (b < c));
-- new
CREATE TABLE t (a int, b int, CONSTRAINT ab CHECK (a < b));
