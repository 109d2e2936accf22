-- old
CREATE TABLE t (a int, CONSTRAINT c1 CHECK (a > 0));
-- new
CREATE TABLE t (a int, CONSTRAINT a_positive CHECK (a > 0));
