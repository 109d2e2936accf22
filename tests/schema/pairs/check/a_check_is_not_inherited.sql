-- old
CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));
-- new
CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0) NO INHERIT);
